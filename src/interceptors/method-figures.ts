import { type Status, type StatusName, statusName } from "../status.js";
import { LatencyHistogram } from "./latency-histogram.js";

/** What is known of the calls of one method. */
export interface MethodStats {
  /** `/package.Service/Method`; all names that nothing is served under are one, `other`. */
  readonly method: string;
  readonly calls: number;
  readonly byStatus: Readonly<Partial<Record<StatusName, number>>>;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** In milliseconds, right to 6 %. */
  readonly latencyMs: { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number };
}

/** A call that has ended. */
export interface EndedCall {
  readonly status: Status;
  readonly durationMs: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** Counts the calls of one method, in memory that does not grow. */
export class MethodFigures {
  readonly #latency = new LatencyHistogram();
  readonly #byStatus: number[] = new Array<number>(17).fill(0);
  #requestBytes = 0;
  #responseBytes = 0;

  add({ status, durationMs, requestBytes, responseBytes }: EndedCall): void {
    this.#latency.add(durationMs);
    this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1;
    this.#requestBytes += requestBytes;
    this.#responseBytes += responseBytes;
  }

  read(method: string): MethodStats {
    const counts = this.#byStatus.flatMap((count, status) =>
      count > 0 ? [[statusName(status as Status), count]] : [],
    );
    const latency = this.#latency;
    return {
      method,
      calls: latency.count,
      byStatus: Object.fromEntries(counts),
      requestBytes: this.#requestBytes,
      responseBytes: this.#responseBytes,
      latencyMs: {
        p50: latency.percentileMs(0.5),
        p90: latency.percentileMs(0.9),
        p99: latency.percentileMs(0.99),
        max: latency.maxMs,
      },
    };
  }
}
