import { performance } from "node:perf_hooks";
import type { DescMethod } from "@bufbuild/protobuf";
import type { Attributes, Counter, Histogram, Meter, UpDownCounter } from "@opentelemetry/api";
import type { ErrorCode } from "../../errors.js";
import type { ClientCall } from "../../rpc/client-call.js";
import type { Status } from "../../status.js";
import type { CircuitState } from "../circuit-breaker.js";
import type { ClientObserver } from "../client-observer.js";
import { bytes, counter, seconds } from "./instruments.js";
import { LabelledCounter } from "./labelled-counter.js";
import { MethodAttributes } from "./method-attributes.js";
import { observedAttempts } from "./observed-attempt.js";

type Attempts = Parameters<typeof observedAttempts>[0];

/** The metrics of a channel: those of gRFC A66, and ours. */
export class ClientMetrics implements ClientObserver {
  readonly #attempts: Counter;
  readonly #attemptDuration: Histogram;
  readonly #attemptSent: Histogram;
  readonly #attemptReceived: Histogram;
  readonly #callDuration: Histogram;
  readonly #retries: Counter;
  readonly #open: UpDownCounter;
  readonly #authentications: LabelledCounter<ErrorCode | "OK">;
  readonly #transitions: LabelledCounter<CircuitState>;
  readonly #target: Attributes;
  readonly #methods = new Map<DescMethod, MethodAttributes>();

  constructor(meter: Meter, target: string) {
    this.#target = { "grpc.target": target };
    const attempt = "grpc.client.attempt";
    this.#attempts = counter(meter, `${attempt}.started`, "{attempt}", "Attempts that have begun");
    this.#attemptDuration = seconds(meter, `${attempt}.duration`, "From the beginning of an attempt to its end");
    const sent = `${attempt}.sent_total_compressed_message_size`;
    this.#attemptSent = bytes(meter, sent, "Of all requests of an attempt, without framing");
    const received = `${attempt}.rcvd_total_compressed_message_size`;
    this.#attemptReceived = bytes(meter, received, "Of all responses of an attempt, without framing");
    this.#callDuration = seconds(meter, "grpc.client.call.duration", "From a call to its end, with all attempts");
    const ours = "pinwire.client";
    this.#retries = counter(meter, `${ours}.retries`, "{attempt}", "Attempts beyond the first of their call");
    this.#open = meter.createUpDownCounter(`${ours}.connections.open`, {
      unit: "{connection}",
      description: "Connections to the server that was expected",
    });
    const authentications = counter(meter, `${ours}.authentications`, "{connection}", "How connecting has ended");
    this.#authentications = new LabelledCounter(authentications, "pinwire.code", this.#target);
    const transitions = counter(meter, `${ours}.breaker.transitions`, "{transition}", "Changes of the circuit breaker");
    this.#transitions = new LabelledCounter(transitions, "pinwire.state", this.#target);
  }

  callEnded(call: ClientCall, status: Status): void {
    const attributes = this.#attributesOf(call.method);
    this.#callDuration.record((performance.now() - call.startedAt) / 1_000, attributes.ended(status));
    if (call.attempts > 1) this.#retries.add(call.attempts - 1, attributes.begun);
  }

  /** The same transport, with its attempts at the calls of one method counted. */
  observed(transport: Attempts, method: DescMethod): Attempts {
    return observedAttempts(transport, method, this);
  }

  attemptBegan(method: DescMethod): void {
    this.#attempts.add(1, this.#attributesOf(method).begun);
  }

  attemptEnded(method: DescMethod, status: Status, durationMs: number, sent: number, received: number): void {
    const attributes = this.#attributesOf(method).ended(status);
    this.#attemptDuration.record(durationMs / 1_000, attributes);
    this.#attemptSent.record(sent, attributes);
    this.#attemptReceived.record(received, attributes);
  }

  connected(): void {
    this.#authentications.add("OK");
    this.#open.add(1, this.#target);
  }

  disconnected(): void {
    this.#open.add(-1, this.#target);
  }

  connectFailed(code: ErrorCode): void {
    this.#authentications.add(code);
  }

  circuit(state: CircuitState): void {
    this.#transitions.add(state);
  }

  /** The methods are those of the program's own clients. */
  #attributesOf(method: DescMethod): MethodAttributes {
    let attributes = this.#methods.get(method);
    if (attributes === undefined) {
      attributes = new MethodAttributes(method, this.#target);
      this.#methods.set(method, attributes);
    }
    return attributes;
  }
}
