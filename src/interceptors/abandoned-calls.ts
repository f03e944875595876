import { defaults } from "../defaults.js";
import { CallRefused } from "../rpc/call-refused.js";
import type { Abandonment, ServerCall } from "../rpc/server-call.js";
import { Status } from "../status.js";
import type { SecureConnection } from "../transport/secure-connection.js";

export interface AbandonedCallsOptions {
  /** Of one connection. */
  readonly maxPerConnection: number;
  /** Of the whole server. @default 8_192 */
  readonly max?: number;
}

/**
 * Calls that are over for their caller, by a cancellation or their deadline, while their handler goes on: it does not listen
 * to its signal, or takes its time. A stream that ends makes room for another, so nothing else would bound them.
 */
export class AbandonedCalls implements Abandonment {
  readonly #maxPerConnection: number;
  readonly #max: number;
  readonly #byConnection = new Map<SecureConnection, number>();
  #all = 0;

  constructor({ maxPerConnection, max = defaults.maxAbandonedCalls }: AbandonedCallsOptions) {
    this.#maxPerConnection = maxPerConnection;
    this.#max = max;
  }

  readonly stage = (call: ServerCall, next: () => Promise<void>): Promise<void> => {
    if (this.#all > 0) this.#assertRoom(call.connection);
    call.abandonment = this;
    return next();
  };

  begins({ connection }: ServerCall): void {
    this.#all += 1;
    this.#byConnection.set(connection, this.#of(connection) + 1);
  }

  ends({ connection }: ServerCall): void {
    this.#all -= 1;
    const left = this.#of(connection) - 1;
    if (left > 0) this.#byConnection.set(connection, left);
    else this.#byConnection.delete(connection);
  }

  #of(connection: SecureConnection): number {
    return this.#byConnection.get(connection) ?? 0;
  }

  #assertRoom(connection: SecureConnection): void {
    if (this.#all < this.#max && this.#of(connection) < this.#maxPerConnection) return;
    throw new CallRefused("ERR_TOO_MANY_CALLS", Status.RESOURCE_EXHAUSTED, "too many calls under way", {
      reason: "handlers of calls that have ended are still running",
    });
  }
}
