import { type Histogram, ROOT_CONTEXT } from "@opentelemetry/api";
import type { Attributes, HistogramSeries } from "../metrics/metrics.js";

/** Recording them all takes a fifth of a millisecond at most. */
const length = 256;

/**
 * Values that wait to be recorded: one after the other at once they cost the SDK two thirds of what they cost between the steps
 * of calls. Nothing waits for a timer: whoever flushes before each collection misses none.
 */
export class RecordQueue {
  readonly #series = new Array<QueuedSeries | undefined>(length).fill(undefined);
  readonly #values = new Float64Array(length);
  #waiting = 0;

  series(histogram: Histogram, attributes: Attributes): HistogramSeries {
    return new QueuedSeries(this, histogram, attributes);
  }

  add(series: QueuedSeries, value: number): void {
    this.#series[this.#waiting] = series;
    this.#values[this.#waiting] = value;
    this.#waiting += 1;
    if (this.#waiting === length) this.flush();
  }

  flush(): void {
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

  constructor(queue: RecordQueue, histogram: Histogram, attributes: Attributes) {
    this.#queue = queue;
    this.#histogram = histogram;
    this.#attributes = attributes;
  }

  record(value: number): void {
    this.#queue.add(this, value);
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
