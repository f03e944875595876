import { type Histogram, ROOT_CONTEXT } from "@opentelemetry/api";
import type { Attributes, HistogramSeries } from "../metrics/metrics.js";

/** Recording them all takes about a quarter of a millisecond. */
const length = 256;

/**
 * Values that wait to be recorded: one after the other they cost the SDK two thirds of what they cost between the steps of
 * calls. No timer flushes them: before a collection `collect()` is called, so that none is missing.
 */
export class RecordQueue {
  readonly #series = new Array<QueuedSeries | undefined>(length).fill(undefined);
  readonly #values = new Float64Array(length);
  #waiting = 0;
  /** Counts collections. */
  #turn = 0;

  get turn(): number {
    return this.#turn;
  }

  series(histogram: Histogram, attributes: Attributes): HistogramSeries {
    return new QueuedSeries(this, histogram, attributes);
  }

  add(series: QueuedSeries, value: number): void {
    this.#series[this.#waiting] = series;
    this.#values[this.#waiting] = value;
    this.#waiting += 1;
    if (this.#waiting === length) this.#flush();
  }

  collect(): void {
    this.#flush();
    this.#turn += 1;
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = 0;
    for (let index = 0; index < waiting; index++) {
      this.#series[index]?.recordNow(this.#values[index] ?? 0);
    }
  }
}

class QueuedSeries implements HistogramSeries {
  readonly #queue: RecordQueue;
  readonly #histogram: Histogram;
  readonly #attributes: Attributes;
  #turn = -1;

  constructor(queue: RecordQueue, histogram: Histogram, attributes: Attributes) {
    this.#queue = queue;
    this.#histogram = histogram;
    this.#attributes = attributes;
  }

  record(value: number): void {
    const { turn } = this.#queue;
    // The first after a collection does not wait: the SDK takes the time at which it hears of it for the beginning.
    if (this.#turn !== turn) this.recordNow(value);
    else this.#queue.add(this, value);
    this.#turn = turn;
  }

  recordNow(value: number): void {
    try {
      // What was active when the call ended is not any more, and what is active now is not about it.
      this.#histogram.record(value, this.#attributes, ROOT_CONTEXT);
    } catch {
      // Whoever counts must not decide about calls.
    }
  }
}
