import type { DescMethod } from "@bufbuild/protobuf";
import { isCodedError } from "../errors.js";
import type { CircuitState } from "../interceptors/circuit-breaker.js";
import type { ClientObserver } from "../interceptors/client-observer.js";
import type { OpenTelemetry } from "../interceptors/load-open-telemetry.js";
import { quietly } from "../interceptors/quietly.js";
import type { AttemptPlan } from "../rpc/attempts/attempt-plan.js";
import type { ClientStage } from "../rpc/client-method.js";
import type { Dialer } from "../rpc/dialer.js";
import type { SecureConnection } from "../transport/secure-connection.js";
import type { Channel } from "./channel.js";

type Attempts = AttemptPlan["transport"];

/** What a channel does for OpenTelemetry. */
export class ChannelTelemetry implements Disposable {
  readonly #telemetry: OpenTelemetry;
  readonly #metrics: ReturnType<OpenTelemetry["clientMetrics"]>;
  readonly #reports: Disposable[] = [];

  constructor(telemetry: OpenTelemetry, { target, credentials, policy }: Channel) {
    this.#telemetry = telemetry;
    const metrics = telemetry.clientMetrics(target);
    this.#metrics = metrics;
    const { breaker, throttle } = policy;
    const own = telemetry.values({ "pinwire.identity": credentials.current().svid.id.toString() });
    own?.secondsUntil(() => credentials.current().svid.notAfter);
    const values = telemetry.values({ "grpc.target": target });
    values?.gauge("pinwire.client.retry_tokens", "{token}", "What retryThrottling has left", () => throttle.tokens);
    if (breaker !== undefined && metrics !== undefined) {
      const state = () => states[breaker.current()];
      values?.gauge("pinwire.client.breaker.state", "1", "0: closed, 1: half open, 2: open", state);
      this.#reports.push(breaker.onChange((state) => quietly(() => metrics.circuit(state))));
    }
    for (const report of [own, values]) if (report !== undefined) this.#reports.push(report);
  }

  get observers(): ClientObserver[] {
    return this.#metrics === undefined ? [] : [this.#metrics];
  }

  /** Outermost of all. */
  stages(method: DescMethod): ClientStage[] {
    return this.#telemetry.clientStages(method);
  }

  attempts(transport: Attempts, method: DescMethod): Attempts {
    return this.#metrics?.observed(transport, method) ?? transport;
  }

  /** The same, with its connections counted. */
  dialer(dialer: Dialer): Dialer {
    return {
      ...dialer,
      dial: (protocols, signal) => this.#counted(dialer.dial(protocols, signal)),
      check: () => dialer.check().catch((error: unknown) => this.#failed(error)),
      secure: (raw, protocols) => this.#counted(dialer.secure(raw, protocols)),
    };
  }

  [Symbol.dispose](): void {
    for (const report of this.#reports) report[Symbol.dispose]();
  }

  async #counted(connecting: Promise<SecureConnection>): Promise<SecureConnection> {
    const connection = await connecting.catch((error: unknown) => this.#failed(error));
    quietly(() => this.#metrics?.connected());
    connection.onClose(() => quietly(() => this.#metrics?.disconnected()));
    return connection;
  }

  #failed(error: unknown): never {
    if (isCodedError(error)) quietly(() => this.#metrics?.connectFailed(error.code));
    throw error;
  }
}

const states: Readonly<Record<CircuitState, number>> = { closed: 0, half_open: 1, open: 2 };
