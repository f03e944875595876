import { performance } from "node:perf_hooks";
import type { ErrorCode } from "../../errors.js";
import type { ServerCall } from "../../rpc/server-call.js";
import type { ServerMethod } from "../../rpc/server-method.js";
import type { Status } from "../../status.js";
import type { ConnectionRefusal } from "../../transport/secure-listener.js";
import type { AnomalyKind } from "../anomaly.js";
import type { Metrics } from "../metrics/metrics.js";
import type { SumSeries } from "../metrics/sum-metric.js";
import type { ServerObserver } from "../server-observer.js";
import { ExchangeMetrics, type MethodExchanges } from "./exchange-metrics.js";
import { LabelledCounter } from "./labelled-counter.js";
import { methodAttributes } from "./method-attributes.js";

/**
 * The metrics of a server: those of gRFC A66, and ours. Nothing that a peer can name becomes an attribute: methods are those
 * served, reasons and kinds are closed lists, and peers are none.
 */
export class ServerMetrics implements ServerObserver {
  readonly #calls: ExchangeMetrics;
  readonly #open: SumSeries;
  readonly #handshakes: SumSeries;
  readonly #authentications: LabelledCounter<ErrorCode | "OK">;
  readonly #refused: LabelledCounter<ErrorCode>;
  readonly #underWay: SumSeries;
  readonly #tokens: LabelledCounter<ErrorCode | "OK">;
  readonly #anomalies: LabelledCounter<AnomalyKind>;
  readonly #methods = new Map<ServerMethod, MethodExchanges>();

  /** @param identity the server's own */
  constructor(metrics: Metrics, identity: string) {
    const own = { "pinwire.identity": identity };
    const counter = (name: string, unit: string, description: string) =>
      metrics.counter({ name: `pinwire.server.${name}`, unit, description });
    this.#calls = new ExchangeMetrics(metrics, "grpc.server.call");
    const present = (name: string, unit: string, description: string) =>
      metrics.upDownCounter({ name: `pinwire.server.${name}`, unit, description }).series(own);
    this.#open = present("connections.open", "{connection}", "Connections of verified peers");
    this.#underWay = present("calls.under_way", "{call}", "Calls that have begun and not ended");
    this.#handshakes = counter("handshakes", "{handshake}", "Handshakes that have begun").series(own);
    const authentications = counter("authentications", "{connection}", "How handshakes have ended");
    this.#authentications = new LabelledCounter(authentications, "pinwire.code", own);
    const refused = counter("calls.refused", "{call}", "Calls that were refused before their handler");
    this.#refused = new LabelledCounter(refused, "pinwire.code", own);
    const tokens = counter("tokens", "{token}", "How the look at a token has ended");
    this.#tokens = new LabelledCounter(tokens, "pinwire.code", own);
    const anomalies = counter("anomalies", "{anomaly}", "What looked wrong, once for each burst");
    this.#anomalies = new LabelledCounter(anomalies, "pinwire.kind", own);
  }

  callStarted({ route }: ServerCall): void {
    this.#method(route).began();
    this.#underWay.add(1);
  }

  callEnded(call: ServerCall, status: Status): void {
    const durationMs = performance.now() - call.startedAt;
    this.#method(call.route).ended(status, durationMs, call.responseBytes, call.requestBytes);
    this.#underWay.add(-1);
  }

  handshakeBegan(): void {
    this.#handshakes.add(1);
  }

  connectionOpened(): void {
    this.#authentications.add("OK");
    this.#open.add(1);
  }

  connectionClosed(): void {
    this.#open.add(-1);
  }

  connectionRefused({ reason, counts }: ConnectionRefusal): void {
    if (counts === undefined) this.#authentications.add(reason.code);
    else for (const [code, count] of counts) this.#authentications.add(code, count);
  }

  callRefused(code: ErrorCode): void {
    this.#refused.add(code);
  }

  tokenJudged(code: ErrorCode | "OK"): void {
    this.#tokens.add(code);
  }

  anomaly(kind: AnomalyKind): void {
    this.#anomalies.add(kind);
  }

  /** Routes are made when the server starts; there is one for all names that lead nowhere. */
  #method(route: ServerMethod): MethodExchanges {
    let exchanges = this.#methods.get(route);
    if (exchanges === undefined) {
      exchanges = this.#calls.method(methodAttributes(route.method));
      this.#methods.set(route, exchanges);
    }
    return exchanges;
  }
}
