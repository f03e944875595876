import type { Attributes } from "../metrics/metrics.js";
import type { SumMetric, SumSeries } from "../metrics/sum-metric.js";

/** A counter with one attribute of few values, and the same others each time. */
export class LabelledCounter<Value extends string> {
  readonly #metric: SumMetric;
  readonly #label: string;
  readonly #others: Attributes;
  readonly #series = new Map<Value, SumSeries>();

  constructor(metric: SumMetric, label: string, others: Attributes = {}) {
    this.#metric = metric;
    this.#label = label;
    this.#others = others;
  }

  add(value: Value, count = 1): void {
    let series = this.#series.get(value);
    if (series === undefined) {
      series = this.#metric.series({ [this.#label]: value, ...this.#others });
      this.#series.set(value, series);
    }
    series.add(count);
  }
}
