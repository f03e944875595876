import { ConfigError, type ErrorCode, isCodedError, PeerError, RpcError } from "../errors.js";
import { Status } from "../status.js";
import type { Outcome } from "./transport.js";

/** What a server's log says of a failed call, and what its caller hears. They differ on purpose. */
export interface Failure {
  /** The reason, for the log. */
  readonly code: ErrorCode;
  readonly outcome: Outcome;
}

/**
 * Turns whatever a call threw into a status. Only an `RpcError` made in this process speaks to the caller in its own
 * words. A refusal is a constant sentence with a reference; anything else is `INTERNAL` without text.
 */
export function failureOf(error: unknown, reference: () => string): Failure {
  if (error instanceof RpcError) return error.received ? relayed(error, reference()) : spoken(error, reference);
  if (error instanceof PeerError) {
    return hidden(error.code, Status.UNAUTHENTICATED, "not authenticated", reference(), error);
  }
  const code = isCodedError(error) && !(error instanceof ConfigError) ? error.code : "ERR_HANDLER_FAILED";
  return hidden(code, Status.INTERNAL, "internal error", reference(), error);
}

/** Statuses of a nested call that mean the same one level up. */
const transitive: ReadonlySet<Status> = new Set([Status.CANCELLED, Status.DEADLINE_EXCEEDED, Status.UNAVAILABLE]);

/** A handler let the failure of a call of its own escape: what its server said is not for our caller. */
function relayed(error: RpcError, reference: string): Failure {
  const status = transitive.has(error.status) ? error.status : Status.INTERNAL;
  return hidden(
    error.code,
    status,
    status === Status.INTERNAL ? "internal error" : "a nested call failed",
    reference,
    error,
  );
}

/** Reasons that the caller is not told, only where to ask for them. */
const refusals: ReadonlySet<ErrorCode> = new Set(["ERR_POLICY", "ERR_UNKNOWN_METHOD", "ERR_STALE_CALL"]);

function spoken(error: RpcError, reference: () => string): Failure {
  if (refusals.has(error.code)) {
    return hidden(error.code, error.status, error.rawMessage, reference(), error);
  }
  return {
    code: error.code,
    outcome: { status: error.status, message: error.rawMessage, code: error.code, cause: error },
  };
}

function hidden(code: ErrorCode, status: Status, sentence: string, reference: string, cause: unknown): Failure {
  return { code, outcome: { status, message: `${sentence} (reference ${reference})`, code, cause } };
}
