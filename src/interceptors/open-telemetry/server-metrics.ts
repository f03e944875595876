import { performance } from "node:perf_hooks";
import type { Attributes, Counter, Histogram, Meter, UpDownCounter } from "@opentelemetry/api";
import type { ErrorCode } from "../../errors.js";
import type { ServerCall } from "../../rpc/server-call.js";
import type { ServerMethod } from "../../rpc/server-method.js";
import type { Status } from "../../status.js";
import type { ConnectionRefusal } from "../../transport/secure-listener.js";
import type { AnomalyKind } from "../anomaly.js";
import type { ServerObserver } from "../server-observer.js";
import { bytes, counter, seconds } from "./instruments.js";
import { LabelledCounter } from "./labelled-counter.js";
import { MethodAttributes } from "./method-attributes.js";

/**
 * The metrics of a server: those of gRFC A66, and ours. Nothing that a peer can name becomes an attribute: methods are those
 * served, reasons and kinds are closed lists, and peers are none.
 */
export class ServerMetrics implements ServerObserver {
  readonly #started: Counter;
  readonly #duration: Histogram;
  readonly #sent: Histogram;
  readonly #received: Histogram;
  readonly #open: UpDownCounter;
  readonly #handshakes: Counter;
  readonly #authentications: LabelledCounter<ErrorCode | "OK">;
  readonly #refused: LabelledCounter<ErrorCode>;
  readonly #anomalies: LabelledCounter<AnomalyKind>;
  readonly #identity: Attributes;
  readonly #methods = new Map<ServerMethod, MethodAttributes>();

  /** @param identity the server's own */
  constructor(meter: Meter, identity: string) {
    this.#identity = { "pinwire.identity": identity };
    this.#started = counter(meter, "grpc.server.call.started", "{call}", "Calls that have begun");
    this.#duration = seconds(meter, "grpc.server.call.duration", "From the request of a call to its status");
    const sent = "grpc.server.call.sent_total_compressed_message_size";
    this.#sent = bytes(meter, sent, "Of all responses of a call, without framing");
    const received = "grpc.server.call.rcvd_total_compressed_message_size";
    this.#received = bytes(meter, received, "Of all requests of a call, without framing");
    this.#open = meter.createUpDownCounter("pinwire.server.connections.open", {
      unit: "{connection}",
      description: "Connections of verified peers",
    });
    this.#handshakes = counter(meter, "pinwire.server.handshakes", "{handshake}", "Handshakes that have begun");
    this.#authentications = this.#labelled(meter, "authentications", "{connection}", "How handshakes have ended");
    this.#refused = this.#labelled(meter, "calls.refused", "{call}", "Calls that were refused before their handler");
    this.#anomalies = this.#labelled(meter, "anomalies", "{anomaly}", "What looked wrong, once for each burst");
  }

  callStarted({ route }: ServerCall): void {
    this.#started.add(1, this.#attributesOf(route).begun);
  }

  callEnded(call: ServerCall, status: Status): void {
    const attributes = this.#attributesOf(call.route).ended(status);
    this.#duration.record((performance.now() - call.startedAt) / 1_000, attributes);
    this.#sent.record(call.responseBytes, attributes);
    this.#received.record(call.requestBytes, attributes);
  }

  handshakeBegan(): void {
    this.#handshakes.add(1, this.#identity);
  }

  connectionOpened(): void {
    this.#authentications.add("OK");
    this.#open.add(1, this.#identity);
  }

  connectionClosed(): void {
    this.#open.add(-1, this.#identity);
  }

  connectionRefused({ reason, counts }: ConnectionRefusal): void {
    if (counts === undefined) this.#authentications.add(reason.code);
    else for (const [code, count] of counts) this.#authentications.add(code, count);
  }

  callRefused(code: ErrorCode): void {
    this.#refused.add(code);
  }

  anomaly(kind: AnomalyKind): void {
    this.#anomalies.add(kind);
  }

  #labelled<Value extends string>(meter: Meter, name: string, unit: string, description: string) {
    const label = name === "anomalies" ? "pinwire.kind" : "pinwire.code";
    const made = counter(meter, `pinwire.server.${name}`, unit, description);
    return new LabelledCounter<Value>(made, label, this.#identity);
  }

  /** Routes are made when the server starts; there is one for all names that lead nowhere. */
  #attributesOf(route: ServerMethod): MethodAttributes {
    let attributes = this.#methods.get(route);
    if (attributes === undefined) {
      attributes = new MethodAttributes(route.method);
      this.#methods.set(route, attributes);
    }
    return attributes;
  }
}
