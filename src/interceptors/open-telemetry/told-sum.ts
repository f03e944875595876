import type { SumSeries } from "../metrics/sum-metric.js";

/**
 * A sum of which somebody else is told what has been added. Also when that is nothing: the SDK takes for the beginning of a
 * series the time at which it first hears of it, and with sums of differences the time at which it hears of it again after
 * a collection that had nothing of it.
 */
export class ToldSum {
  readonly #series: SumSeries;
  readonly #add: (more: number) => void;
  #told = 0;

  constructor(series: SumSeries, add: (more: number) => void) {
    this.#series = series;
    this.#add = add;
    add(0);
  }

  tell(): void {
    const { value } = this.#series;
    this.#add(value - this.#told);
    this.#told = value;
  }
}
