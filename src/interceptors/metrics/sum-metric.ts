import type { Attributes } from "./metrics.js";
import { SeriesTable } from "./series-table.js";

/** A number for each set of attributes that is counted here and read when it is collected: counting is an addition. */
export class SumMetric implements Iterable<SumSeries> {
  readonly #table: SeriesTable<SumSeries>;

  constructor(onSeries?: (series: SumSeries) => void) {
    this.#table = new SeriesTable((attributes) => {
      const series = new SumSeries(attributes);
      onSeries?.(series);
      return series;
    });
  }

  /** To be kept by whoever counts often. */
  series(attributes: Attributes): SumSeries {
    return this.#table.of(attributes);
  }

  [Symbol.iterator](): Iterator<SumSeries> {
    return this.#table[Symbol.iterator]();
  }
}

/** It outlives whoever counts: what a server that was closed has counted is still to be collected. */
export class SumSeries {
  readonly attributes: Attributes;
  readonly since = Date.now();
  readonly #elsewhere = new Set<() => number>();
  #counted = 0;

  constructor(attributes: Attributes) {
    this.attributes = attributes;
  }

  add(count: number): void {
    this.#counted += count;
  }

  /** Adds what is counted elsewhere; after the end of that as it was then. */
  follow(read: () => number): Disposable {
    this.#elsewhere.add(read);
    return {
      [Symbol.dispose]: () => {
        if (this.#elsewhere.delete(read)) this.#counted += read();
      },
    };
  }

  get value(): number {
    let sum = this.#counted;
    for (const read of this.#elsewhere) sum += read();
    return sum;
  }
}
