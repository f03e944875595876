import { type ErrorCode, isCodedError, RpcError } from "../errors.js";
import type { ClientCall } from "../rpc/client-call.js";
import { methodPath } from "../rpc/method-path.js";
import { Status } from "../status.js";
import { type CallRecord, callRecord } from "./call-record.js";
import type { ClientObserver } from "./client-observer.js";
import type { Logger } from "./logger.js";
import { RecordLimit } from "./record-limit.js";

/**
 * Writes one record per call of a client, whichever way it ends. Failures are the program's to judge, so they are records
 * of level info; that the other side is not who it should be is a warning. Not a stage: every call ends at one place
 * anyway, and a stage costs a promise.
 */
export class ClientTelemetry {
  readonly #logger: Logger;
  readonly #protocol: () => string | undefined;
  readonly #metadataKeys: readonly string[];
  readonly #observers: readonly ClientObserver[];
  readonly #limit = new RecordLimit();

  constructor(
    logger: Logger,
    protocol: () => string | undefined,
    metadataKeys: readonly string[],
    observers: readonly ClientObserver[],
  ) {
    this.#logger = logger;
    this.#protocol = protocol;
    this.#metadataKeys = metadataKeys;
    this.#observers = observers;
  }

  succeeded(call: ClientCall): void {
    tell(this.#observers, call, Status.OK);
    if (!(this.#logger.isLevelEnabled?.("debug") ?? true)) return;
    this.#logger.debug(recordOf(call, Status.OK, this.#protocol(), this.#metadataKeys), "call made");
  }

  failed(call: ClientCall, error: unknown): void {
    const status = statusOf(error);
    tell(this.#observers, call, status, isCodedError(error) ? error.code : undefined);
    logFailure(this.#logger, this.#limit, recordOf(call, status, this.#protocol(), this.#metadataKeys), error);
  }
}

function tell(observers: readonly ClientObserver[], call: ClientCall, status: Status, code?: ErrorCode): void {
  for (const observer of observers) {
    try {
      observer.callEnded(call, status, code);
    } catch {
      // Whoever watches must not decide.
    }
  }
}

function logFailure(logger: Logger, limit: RecordLimit, record: CallRecord, error: unknown): void {
  const level = record.status === "UNAUTHENTICATED" ? "warn" : "info";
  if (!(logger.isLevelEnabled?.(level) ?? true)) return;
  const withheld = limit.pass(record.peer);
  if (withheld === undefined) return;
  if (withheld > 0) record.withheld = withheld;
  if (isCodedError(error)) record.code = error.code;
  if (error instanceof RpcError) addFacts(record, error);
  logger[level](record, "call failed");
}

function addFacts(record: CallRecord, { attempts, rawMessage, received }: RpcError): void {
  if (attempts !== undefined) record.attempts = attempts;
  // Of the server's words only what its own record of this call has.
  const reference = received ? heard.exec(rawMessage)?.[1] : undefined;
  if (reference !== undefined) record.reference = reference;
}

/** How a server of ours ends the sentence with which it refuses, or hides what went wrong. */
const heard = /\(reference ([0-9a-f]{12})\)$/;

function recordOf(
  call: ClientCall,
  status: Status,
  protocol: string | undefined,
  metadataKeys: readonly string[],
): CallRecord {
  const kind = call.method.methodKind;
  const record = { ...callRecord(call, methodPath(call.method), status, metadataKeys), kind, protocol };
  return call.attempts > 1 ? { ...record, attempts: call.attempts } : record;
}

function statusOf(error: unknown): Status {
  return isCodedError(error) ? error.status : Status.UNKNOWN;
}
