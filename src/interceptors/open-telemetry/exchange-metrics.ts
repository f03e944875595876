import type { Status } from "../../status.js";
import type { Attributes, HistogramMetric, HistogramSeries, Metrics } from "../metrics/metrics.js";
import type { SumMetric, SumSeries } from "../metrics/sum-metric.js";
import { ByStatus } from "./by-status.js";
import { bytes, seconds } from "./instruments.js";

/** What gRFC A66 measures of the attempts of a client and of the calls of a server. */
export class ExchangeMetrics {
  readonly #started: SumMetric;
  readonly #duration: HistogramMetric;
  readonly #sent: HistogramMetric;
  readonly #received: HistogramMetric;

  constructor(metrics: Metrics, of: "grpc.client.attempt" | "grpc.server.call") {
    const [unit, words] =
      of === "grpc.server.call" ? (["{call}", serverWords] as const) : (["{attempt}", clientWords] as const);
    this.#started = metrics.counter({ name: `${of}.started`, unit, description: words.started });
    this.#duration = seconds(metrics, `${of}.duration`, words.duration);
    this.#sent = bytes(metrics, `${of}.sent_total_compressed_message_size`, words.sent);
    this.#received = bytes(metrics, `${of}.rcvd_total_compressed_message_size`, words.received);
  }

  /** Made once for each method, so that a call looks nothing up but this. */
  method(attributes: Attributes): MethodExchanges {
    const ended = new ByStatus(attributes, (withStatus) => ({
      duration: this.#duration.series(withStatus),
      sent: this.#sent.series(withStatus),
      received: this.#received.series(withStatus),
    }));
    return new MethodExchanges(this.#started.series(attributes), ended);
  }
}

/** Of one method. */
export class MethodExchanges {
  readonly #started: SumSeries;
  readonly #ended: ByStatus<Record<"duration" | "sent" | "received", HistogramSeries>>;

  constructor(started: SumSeries, ended: ByStatus<Record<"duration" | "sent" | "received", HistogramSeries>>) {
    this.#started = started;
    this.#ended = ended;
  }

  began(): void {
    this.#started.add(1);
  }

  ended(status: Status, durationMs: number, sentBytes: number, receivedBytes: number): void {
    const { duration, sent, received } = this.#ended.of(status);
    duration.record(durationMs / 1_000);
    sent.record(sentBytes);
    received.record(receivedBytes);
  }
}

const serverWords = {
  started: "Calls that have begun",
  duration: "From the request of a call to its status",
  sent: "Of all responses of a call, without framing",
  received: "Of all requests of a call, without framing",
};

const clientWords = {
  started: "Attempts that have begun",
  duration: "From the beginning of an attempt to its end",
  sent: "Of all requests of an attempt, without framing",
  received: "Of all responses of an attempt, without framing",
};
