import { type ErrorCode, RpcError, UsageError } from "../errors.js";
import { Status, statusFromNumber } from "../status.js";
import { CallRefused } from "./call-refused.js";
import { isNestedFailure } from "./nested-failure.js";
import { retryInfo } from "./retry-info.js";
import { encodeStatusDetails } from "./status-details.js";
import type { Outcome } from "./transport.js";

/** What a server's log says of a failed call, and what its caller hears. They differ on purpose. */
export interface Failure {
  /** The reason, for the log. */
  readonly code: ErrorCode;
  readonly outcome: Outcome;
}

/**
 * Turns whatever a call threw into a status. Only an `RpcError` that a handler or interceptor made speaks to the caller in
 * its own words. A refusal is a constant sentence with a reference; anything else is `INTERNAL` without text.
 */
export function failureOf(error: unknown, reference: () => string): Failure {
  try {
    return understood(error, reference);
  } catch {
    // It is not what it seems: its properties throw, or are none of ours.
    return hidden(unexpected, reference(), error);
  }
}

/** What is said of anything that nobody meant for the caller. */
const unexpected = { code: "ERR_HANDLER_FAILED", status: Status.INTERNAL, message: "internal error" } as const;

function understood(error: unknown, reference: () => string): Failure {
  if (error instanceof CallRefused) return refused(error, reference());
  if (error instanceof RpcError) return isNestedFailure(error) ? relayed(error, reference()) : spoken(error);
  const code = error instanceof UsageError ? error.code : unexpected.code;
  return hidden({ ...unexpected, code }, reference(), error);
}

function refused(error: CallRefused, reference: string): Failure {
  const failure = hidden(error, reference, error);
  const { retryAfterMs: retryPushbackMs } = error;
  if (retryPushbackMs === undefined) return failure;
  const { status, message } = failure.outcome;
  // For programs, and for the retries of every gRPC stack.
  const details = encodeStatusDetails(status, message, [retryInfo(retryPushbackMs)]);
  return { ...failure, outcome: { ...failure.outcome, retryPushbackMs, ...(details && { details }) } };
}

/** Statuses of a nested call that mean the same one level up. */
const transitive: ReadonlySet<Status> = new Set([Status.CANCELLED, Status.DEADLINE_EXCEEDED, Status.UNAVAILABLE]);

/** A handler let the failure of a call of its own escape: what its server said is not for our caller. */
function relayed(error: RpcError, reference: string): Failure {
  const { code, status } = error;
  const told = transitive.has(status) ? { status, message: "a nested call failed" } : unexpected;
  return hidden({ ...told, code }, reference, error);
}

function spoken(error: RpcError): Failure {
  const { code, status, details, retryPushbackMs } = error;
  // JavaScript may have changed it since it was made.
  if (status === (Status.OK as Status) || statusFromNumber(status) !== status)
    throw new TypeError("no status of a failure");
  // Text that is no Unicode would arrive as another, and the details with it would not be believed.
  const message = error.rawMessage.toWellFormed();
  const encoded = details.length === 0 ? undefined : encodeStatusDetails(status, message, details);
  const told = { ...(encoded && { details: encoded }), ...(retryPushbackMs !== undefined && { retryPushbackMs }) };
  return { code, outcome: { status, message, code, cause: error, ...told } };
}

interface Told {
  readonly code: ErrorCode;
  readonly status: Status;
  /** A constant sentence. */
  readonly message: string;
}

function hidden({ code, status, message }: Told, reference: string, cause: unknown): Failure {
  return { code, outcome: { status, message: `${message} (reference ${reference})`, code, cause } };
}
