import type { Attributes, HistogramSeries } from "./metrics.js";

/** What was recorded under one set of attributes, as the SDK of OpenTelemetry keeps it: count, sum, extremes, buckets. */
export class ExactHistogram implements HistogramSeries {
  readonly attributes: Attributes;
  readonly since = Date.now();
  readonly #boundaries: readonly number[];
  readonly #counts: number[];
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  /** @param boundaries rising; a bucket holds its upper boundary, and there is one more for what is above the last */
  constructor(attributes: Attributes, boundaries: readonly number[]) {
    this.attributes = attributes;
    this.#boundaries = boundaries;
    this.#counts = new Array<number>(boundaries.length + 1).fill(0);
  }

  record(value: number): void {
    this.#count += 1;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    const bucket = bucketOf(value, this.#boundaries);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  get count(): number {
    return this.#count;
  }

  /** As it is now; what is recorded later does not change it. */
  read() {
    return {
      count: this.#count,
      sum: this.#sum,
      min: this.#min,
      max: this.#max,
      buckets: { boundaries: [...this.#boundaries], counts: [...this.#counts] },
    };
  }
}

function bucketOf(value: number, boundaries: readonly number[]): number {
  let low = 0;
  let high = boundaries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((boundaries[middle] ?? Number.POSITIVE_INFINITY) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
