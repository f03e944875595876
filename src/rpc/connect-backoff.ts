import { performance } from "node:perf_hooks";
import type { PeerError } from "../errors.js";

export interface BackoffOptions {
  /** Before the second attempt. */
  readonly initialMs: number;
  readonly maxMs: number;
  /** Between 0 and 1: how much of a delay is left to chance, so that many clients do not come back in step. */
  readonly jitter: number;
}

/**
 * As gRPC's connection backoff (doc/connection-backoff.md), with times for a socket on the same machine, and with more left to
 * chance: clients on one machine lose their server in the same moment. With a fifth a quarter of them would come back
 * within the same tenth of a second after an outage of some seconds, with half it is a twelfth.
 */
export const connectBackoff: BackoffOptions = { initialMs: 50, maxMs: 2_000, jitter: 0.5 };

/**
 * When to connect again after a failure. Until then calls fail at once with the reason of the last attempt; the first call
 * after that makes the next attempt. Nothing goes on in the background.
 */
export class ConnectBackoff {
  readonly #options: BackoffOptions;
  readonly #now: () => number;
  #attempts = 0;
  #retryAt = 0;
  #lastFailure: PeerError | undefined;

  /** `now` is a clock in milliseconds that never goes back. */
  constructor(options: BackoffOptions = connectBackoff, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
  }

  /** Why calls fail at present; undefined when a connection may be attempted. */
  get blocked(): PeerError | undefined {
    return this.#now() < this.#retryAt ? this.#lastFailure : undefined;
  }

  /** How long they still do. */
  get remainingMs(): number {
    return Math.max(0, this.#retryAt - this.#now());
  }

  failed(reason: PeerError): void {
    const { initialMs, maxMs, jitter } = this.#options;
    const delayMs = Math.min(maxMs, initialMs * 2 ** this.#attempts);
    this.#attempts = Math.min(this.#attempts + 1, 32);
    this.#lastFailure = reason;
    this.#retryAt = this.#now() + delayMs * (1 - jitter * Math.random());
  }

  succeeded(): void {
    this.#attempts = 0;
    this.#retryAt = 0;
    this.#lastFailure = undefined;
  }
}
