import type { Status } from "../../status.js";

/** When a failed call is sent again (gRFC A6, "Retry Policy"), checked and ready for use. */
export interface CheckedRetryPolicy {
  /** The first one counts. */
  readonly maxAttempts: number;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly backoffMultiplier: number;
  readonly retryable: ReadonlySet<Status>;
}

/** When a call is sent again before its answer has come (gRFC A6, "Hedging Policy"). */
export interface CheckedHedgingPolicy {
  readonly maxAttempts: number;
  readonly hedgingDelayMs: number;
  readonly nonFatal: ReadonlySet<Status>;
}

type Backoff = Pick<CheckedRetryPolicy, "initialBackoffMs" | "maxBackoffMs" | "backoffMultiplier">;

/**
 * How long to wait before a retry, 1 being the first: anything between nothing and a bound that grows with each retry.
 * Full jitter: of a thousand clients that failed together no two come back together.
 */
export function backoffMs(policy: Backoff, retry: number, random: () => number = Math.random): number {
  // The power of a large number may be Infinity, and the minimum is still the bound.
  const bound = Math.min(policy.maxBackoffMs, policy.initialBackoffMs * policy.backoffMultiplier ** (retry - 1));
  return bound * random();
}
