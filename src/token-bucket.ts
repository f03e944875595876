/** How often something may happen. */
export interface Rate {
  /** In the long run; more than 0, a fraction if need be. */
  readonly perSecond: number;
  /** At once after a pause; a whole number, 1 or more. */
  readonly burst: number;
}

/** A caller is told to wait no longer than its timers can: 24 days. */
const longestWaitMs = 2 ** 31 - 1;

/** What rounding may take from a token that a caller has waited for, or add to its wait. */
const roundingError = 1e-6;

/**
 * Holds `burst` tokens and gets `perSecond` back each second, by the clock its user passes in: milliseconds that only grow
 * (`performance.now()`), so that a clock somebody sets cannot fill or lock it. Needs no timer.
 */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #filledAt: number;

  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledAt = now;
  }

  /** Takes a token. 0 when there was one, else how many milliseconds to wait for the next; nothing is taken then. */
  take(now: number): number {
    this.#fill(now);
    if (this.#tokens >= 1 - roundingError) {
      this.#tokens = Math.max(0, this.#tokens - 1);
      return 0;
    }
    const waitMs = Math.ceil(((1 - this.#tokens) * 1_000) / this.#rate.perSecond - roundingError);
    return Math.min(longestWaitMs, Math.max(1, waitMs));
  }

  /** The token was not used after all. */
  giveBack(): void {
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + 1);
  }

  /** Whether it is as good as a new one. */
  isFull(now: number): boolean {
    this.#fill(now);
    return this.#tokens >= this.#rate.burst;
  }

  #fill(now: number): void {
    const elapsedMs = now - this.#filledAt;
    // Should the clock go back after all, it is followed: waiting until it has caught up could be for ever.
    this.#filledAt = now;
    if (elapsedMs <= 0) return;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + (elapsedMs * this.#rate.perSecond) / 1_000);
  }
}
