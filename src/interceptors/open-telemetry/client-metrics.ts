import { performance } from "node:perf_hooks";
import type { DescMethod } from "@bufbuild/protobuf";
import type { ErrorCode } from "../../errors.js";
import type { ClientCall } from "../../rpc/client-call.js";
import type { Status } from "../../status.js";
import type { CircuitState } from "../circuit-breaker.js";
import type { ClientObserver } from "../client-observer.js";
import type { Attributes, HistogramMetric, HistogramSeries, Metrics } from "../metrics/metrics.js";
import type { SumMetric, SumSeries } from "../metrics/sum-metric.js";
import { ByStatus } from "./by-status.js";
import { ExchangeMetrics, type MethodExchanges } from "./exchange-metrics.js";
import { seconds } from "./instruments.js";
import { LabelledCounter } from "./labelled-counter.js";
import { methodAttributes } from "./method-attributes.js";
import { observedAttempts } from "./observed-attempt.js";

type Attempts = Parameters<typeof observedAttempts>[0];

interface MethodCalls {
  readonly attempts: MethodExchanges;
  readonly durations: ByStatus<HistogramSeries>;
  readonly attributes: Attributes;
}

/** The metrics of a channel: those of gRFC A66, and ours. */
export class ClientMetrics implements ClientObserver {
  readonly #attempts: ExchangeMetrics;
  readonly #callDuration: HistogramMetric;
  readonly #retries: SumMetric;
  readonly #open: SumSeries;
  readonly #authentications: LabelledCounter<ErrorCode | "OK">;
  readonly #transitions: LabelledCounter<CircuitState>;
  readonly #target: Attributes;
  readonly #methods = new Map<DescMethod, MethodCalls>();

  constructor(metrics: Metrics, target: string) {
    this.#target = { "grpc.target": target };
    const counter = (name: string, unit: string, description: string) =>
      metrics.counter({ name: `pinwire.client.${name}`, unit, description });
    this.#attempts = new ExchangeMetrics(metrics, "grpc.client.attempt");
    this.#callDuration = seconds(metrics, "grpc.client.call.duration", "From a call to its end, with all attempts");
    this.#retries = counter("retries", "{attempt}", "Attempts beyond the first of their call");
    const open = { unit: "{connection}", description: "Connections to the server that was expected" };
    this.#open = metrics.upDownCounter({ name: "pinwire.client.connections.open", ...open }).series(this.#target);
    const authentications = counter("authentications", "{connection}", "How connecting has ended");
    this.#authentications = new LabelledCounter(authentications, "pinwire.code", this.#target);
    const transitions = counter("breaker.transitions", "{transition}", "Changes of the circuit breaker");
    this.#transitions = new LabelledCounter(transitions, "pinwire.state", this.#target);
  }

  callEnded(call: ClientCall, status: Status): void {
    const { durations, attributes } = this.#method(call.method);
    durations.of(status).record((performance.now() - call.startedAt) / 1_000);
    if (call.attempts > 1) this.#retries.series(attributes).add(call.attempts - 1);
  }

  /** The same transport, with its attempts at the calls of one method counted. */
  observed(transport: Attempts, method: DescMethod): Attempts {
    return observedAttempts(transport, this.#method(method).attempts);
  }

  connected(): void {
    this.#authentications.add("OK");
    this.#open.add(1);
  }

  disconnected(): void {
    this.#open.add(-1);
  }

  connectFailed(code: ErrorCode): void {
    this.#authentications.add(code);
  }

  circuit(state: CircuitState): void {
    this.#transitions.add(state);
  }

  /** The methods are those of the program's own clients. */
  #method(method: DescMethod): MethodCalls {
    let calls = this.#methods.get(method);
    if (calls === undefined) {
      const attributes = methodAttributes(method, this.#target);
      const durations = new ByStatus(attributes, (withStatus) => this.#callDuration.series(withStatus));
      calls = { attempts: this.#attempts.method(attributes), durations, attributes };
      this.#methods.set(method, calls);
    }
    return calls;
  }
}
