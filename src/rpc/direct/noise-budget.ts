import { performance } from "node:perf_hooks";
import { ProtocolViolation } from "./violation.js";

const capacity = 4_096;
const refillPerSecond = 1_024;

/**
 * Frames that cost us more than they cost the peer, and that no honest peer sends in numbers: pings, cancels, empty
 * frames, tiny credits, frames for streams that are gone. Each spends a token; tokens come back with time, and one with
 * each call that was served to its end.
 */
export class NoiseBudget {
  readonly #now: () => number;
  #tokens = capacity;
  #refilledAt: number;

  /** `now` is a clock in milliseconds that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#refilledAt = now();
  }

  /** @throws ProtocolViolation TOO_MUCH_NOISE */
  spend(): void {
    if (this.#tokens < 1) this.#refill();
    if (this.#tokens < 1) throw new ProtocolViolation("TOO_MUCH_NOISE", "too many frames that lead to nothing");
    this.#tokens -= 1;
  }

  earn(): void {
    if (this.#tokens < capacity) this.#tokens += 1;
  }

  #refill(): void {
    const now = this.#now();
    this.#tokens = Math.min(capacity, this.#tokens + ((now - this.#refilledAt) / 1_000) * refillPerSecond);
    this.#refilledAt = now;
  }
}
