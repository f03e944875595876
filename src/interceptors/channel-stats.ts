import { performance } from "node:perf_hooks";
import type { DescMethod } from "@bufbuild/protobuf";
import type { ErrorCode } from "../errors.js";
import type { ClientCall } from "../rpc/client-call.js";
import { methodPath } from "../rpc/method-path.js";
import type { Status } from "../status.js";
import type { TransportName } from "../transport/protocols.js";
import type { CircuitState } from "./circuit-breaker.js";
import type { ClientObserver } from "./client-observer.js";
import { MethodFigures, type MethodStats } from "./method-figures.js";

/** What is known of the calls of one method, and how often they were sent. */
export interface ClientMethodStats extends MethodStats {
  /** More than `calls` where calls were sent again; fewer where some never were. */
  readonly attempts: number;
}

/** `idle`: nobody has called yet, or the connection has ended. `waiting`: none is made for a moment, as the last try failed. */
export type ConnectionState = "idle" | "connected" | "waiting" | "closed";

/** A channel's figures; all counts are since it was made. */
export interface ChannelStats {
  readonly target: string;
  /** The only server it accepts. */
  readonly peer: string;
  readonly connection: ConnectionState;
  /** What is spoken at present. */
  readonly transport: TransportName | undefined;
  /** How connecting ended so far: `OK`, or why the server was not believed or not there. */
  readonly connects: Readonly<Partial<Record<ErrorCode | "OK", number>>>;
  readonly callsUnderWay: number;
  readonly methods: readonly ClientMethodStats[];
  /** Undefined without `circuitBreaker`. */
  readonly breaker: CircuitState | undefined;
  /** What is left of `retryThrottling`; with half of it or less, nothing is retried. */
  readonly retryTokens: number;
  /** When the client's own certificate expires, in milliseconds since 1970. */
  readonly certificateExpires: number;
}

interface Figures {
  readonly calls: MethodFigures;
  attempts: number;
}

/** Counts what the clients of a channel do; one entry for each method that the program calls. */
export class ChannelFigures implements ClientObserver {
  readonly #methods = new Map<DescMethod, Figures>();
  readonly #connects = new Map<ErrorCode | "OK", number>();

  /** How a connection came to be, or did not. */
  connected(code: ErrorCode | "OK"): void {
    this.#connects.set(code, (this.#connects.get(code) ?? 0) + 1);
  }

  get connects(): ChannelStats["connects"] {
    return Object.fromEntries(this.#connects);
  }

  callEnded(call: ClientCall, status: Status): void {
    const { requestBytes, responseBytes } = call;
    const figures = this.#figuresOf(call.method);
    figures.attempts += call.attempts;
    figures.calls.add({ status, durationMs: performance.now() - call.startedAt, requestBytes, responseBytes });
  }

  read(): ClientMethodStats[] {
    return [...this.#methods].map(([method, { calls, attempts }]) => ({ ...calls.read(methodPath(method)), attempts }));
  }

  #figuresOf(method: DescMethod): Figures {
    let figures = this.#methods.get(method);
    if (figures === undefined) {
      figures = { calls: new MethodFigures(), attempts: 0 };
      this.#methods.set(method, figures);
    }
    return figures;
  }
}
