import type { DescService } from "@bufbuild/protobuf";
import type { RetryThrottling } from "../rpc/attempts/retry-throttle.js";
import type { StatusName } from "../status.js";

/**
 * How the calls of a channel or client are made, method by method: gRPC's service config (gRFC A6), with units in the names.
 * Its JSON form is read by `parseServiceConfig`. docs/retries.md has all of it with examples.
 */
export interface ServiceConfig {
  /** The entry that names a method most precisely holds, alone. */
  readonly methodConfig?: readonly MethodConfig[];
  /** Belongs to the channel. @default 100 tokens, 0.1 for a success */
  readonly retryThrottling?: RetryThrottling;
}

/** What holds for the methods that are named. Of several entries the one that names a method most precisely holds, alone. */
export type MethodConfig = MethodTimes &
  (
    | { readonly retryPolicy?: RetryPolicy | "none"; readonly hedgingPolicy?: never }
    | { readonly hedgingPolicy: HedgingPolicy; readonly retryPolicy?: never }
  );

/** How long calls of these methods may take, and wait. */
export interface MethodTimes {
  /** At least one. */
  readonly name: readonly [MethodName, ...MethodName[]];
  /** The longest a call may take; a shorter `timeoutMs` of the client or the call holds. */
  readonly timeoutMs?: number;
  /** Wait for a connection until the deadline instead of failing when none can be made. @default false */
  readonly waitForReady?: boolean;
}

/**
 * A method by its name in the schema (`"SayHello"`); without `method` all methods of the service; without both (`{}`) all
 * methods that nothing else names.
 */
export type MethodName =
  | { readonly service: string | DescService; readonly method?: string }
  | { readonly service?: never; readonly method?: never };

/**
 * Sends a failed call again, for methods whose schema says `idempotency_level`.
 *
 * @example { maxAttempts: 4, initialBackoffMs: 50, maxBackoffMs: 1_000, backoffMultiplier: 2, retryableStatusCodes: ["UNAVAILABLE"] }
 */
export interface RetryPolicy {
  /** The first one counts. More than five are not possible (gRFC A6). */
  readonly maxAttempts: 2 | 3 | 4 | 5;
  /** The bound of the wait before the first retry; the wait itself is anything between nothing and the bound. */
  readonly initialBackoffMs: number;
  /** What the bound grows to. */
  readonly maxBackoffMs: number;
  /** By how much it grows with each retry; 1 or more. */
  readonly backoffMultiplier: number;
  /** At least one. */
  readonly retryableStatusCodes: readonly [RetryableStatus, ...RetryableStatus[]];
}

/** Sends a call again before its answer has come, for methods whose schema says `NO_SIDE_EFFECTS`. */
export interface HedgingPolicy {
  /** The first one counts. */
  readonly maxAttempts: 2 | 3 | 4 | 5;
  /** Between two attempts; 0 sends all at once. */
  readonly hedgingDelayMs: number;
  /** After these the next attempt begins at once; any other failure ends the call. @default none */
  readonly nonFatalStatusCodes?: readonly RetryableStatus[];
}

/** A caller who gave up, a time that is over and a refusal stay what they are however often one asks. */
export type RetryableStatus = Exclude<StatusName, (typeof neverRetried)[number]>;

/** What says nothing about whether another attempt would fare better, or must not be asked twice. */
export const neverRetried = [
  ...(["OK", "CANCELLED", "DEADLINE_EXCEEDED", "PERMISSION_DENIED", "UNAUTHENTICATED"] as const),
] satisfies StatusName[];
