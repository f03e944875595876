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
  readonly #followed = new Map<object, { readonly read: () => number; followers: number }>();
  /** What of each has been added for good. */
  readonly #added = new WeakMap<object, number>();
  #counted = 0;

  constructor(attributes: Attributes) {
    this.attributes = attributes;
  }

  add(count: number): void {
    this.#counted += count;
  }

  /** Adds what something else counts, until disposed of, and from then on as it was then; however many follow it, once. */
  follow<Source extends object>(source: Source, read: (source: Source) => number): Disposable {
    const followed = this.#followed.get(source) ?? { read: () => read(source), followers: 0 };
    followed.followers += 1;
    this.#followed.set(source, followed);
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        followed.followers -= 1;
        if (followed.followers > 0) return;
        this.#followed.delete(source);
        this.#counted += this.#more(source, followed.read());
        this.#added.set(source, followed.read());
      },
    };
  }

  get value(): number {
    let sum = this.#counted;
    for (const [source, { read }] of this.#followed) sum += this.#more(source, read());
    return sum;
  }

  #more(source: object, now: number): number {
    return now - (this.#added.get(source) ?? 0);
  }
}
