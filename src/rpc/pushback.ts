import { Metadata } from "./metadata.js";
import { retryDelayMs } from "./retry-info.js";
import type { Outcome } from "./transport.js";

/** The trailer by which a server says when to come back (gRFC A6, "Pushback"). */
export const pushbackKey = "grpc-retry-pushback-ms";

/** How many attempts a call has had before this one; sent with each but the first (gRFC A6, "Exposed Retry Metadata"). */
const previousAttemptsKey = "grpc-previous-rpc-attempts";

/** In milliseconds; `"never"` when the server wants no further attempt, undefined when it says nothing. */
export function pushbackOf(outcome: Outcome): number | "never" | undefined {
  const value = outcome.trailer?.get(pushbackKey);
  if (value === undefined) return outcome.details === undefined ? undefined : retryDelayMs(outcome);
  // What is negative or no number means: do not come back.
  return /^\d{1,10}$/.test(value) ? Number(value) : "never";
}

/** The metadata of a further attempt. */
export function metadataOfAttempt(metadata: Metadata, previousAttempts: number): Metadata {
  return new Metadata().absorb(metadata).setReserved(previousAttemptsKey, String(previousAttempts));
}
