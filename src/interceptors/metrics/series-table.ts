import type { Attributes } from "./metrics.js";

/** As many as the SDK of OpenTelemetry keeps of a metric. */
const most = 2_000;

/** As the specification of its SDK names what is counted together. */
const overflow: Attributes = { "otel.metric.overflow": true };

/** The series of one metric. Those beyond the first two thousand are one: a program may call ever new targets. */
export class SeriesTable<Series> {
  readonly #make: (attributes: Attributes) => Series;
  readonly #series = new Map<string, Series>();

  constructor(make: (attributes: Attributes) => Series) {
    this.#make = make;
  }

  of(attributes: Attributes): Series {
    const known = this.#series.get(keyOf(attributes));
    if (known !== undefined) return known;
    return this.#series.size < most - 1 ? this.#add(attributes) : this.#others();
  }

  [Symbol.iterator](): Iterator<Series> {
    return this.#series.values();
  }

  #others(): Series {
    return this.#series.get(keyOf(overflow)) ?? this.#add(overflow);
  }

  #add(attributes: Attributes): Series {
    const series = this.#make(attributes);
    this.#series.set(keyOf(attributes), series);
    return series;
  }
}

/** Whoever makes attributes of a metric makes them in the same order. */
function keyOf(attributes: Attributes): string {
  return JSON.stringify(attributes);
}
