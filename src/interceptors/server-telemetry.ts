import { UsageError } from "../errors.js";
import { CallRefused } from "../rpc/call-refused.js";
import { failureOf } from "../rpc/outcome.js";
import type { ServerCall } from "../rpc/server-call.js";
import type { ServerStage } from "../rpc/server-method.js";
import { Status } from "../status.js";
import { type CallRecord, callRecord } from "./call-record.js";
import { originOf } from "./error-origin.js";
import type { Logger } from "./logger.js";
import { RecordLimit } from "./record-limit.js";
import type { RefusalCounts } from "./refusal-counts.js";
import { ServerObservers } from "./server-observer.js";

/** Writes one record per call, whichever way it ends. Outermost, so that it sees refusals too. */
export function serverTelemetry(
  logger: Logger,
  refusals: RefusalCounts,
  metadataKeys: readonly string[] = [],
  observers: ServerObservers = new ServerObservers([]),
): ServerStage {
  const limit = new RecordLimit();
  const { followCalls } = observers;
  return async (call, next) => {
    observers.callStarted(call);
    try {
      await next();
      if (followCalls) observers.callEnded(call, Status.OK, undefined);
      if (logger.isLevelEnabled?.("debug") ?? true)
        logger.debug(recordOf(call, Status.OK, metadataKeys), "call served");
    } catch (error) {
      refusals.add(error);
      if (error instanceof CallRefused) observers.callDenied(call, error);
      const { code, outcome } = failureOf(error, () => call.reference);
      if (followCalls) observers.callEnded(call, outcome.status, code);
      const withheld = limit.pass(call.peer.id.toString());
      if (withheld !== undefined) {
        const record = failureRecord(call, error, { ...recordOf(call, outcome.status, metadataKeys), code });
        if (withheld > 0) record.withheld = withheld;
        logger[levelOf(outcome.status)](record, "call failed");
      }
      throw error;
    }
  };
}

/** The record with what only failures have. */
function failureRecord(call: ServerCall, error: unknown, record: CallRecord): CallRecord {
  if (error instanceof CallRefused && error.reason !== undefined) record.reason = error.reason;
  if (call.hasReference) record.reference = call.reference;
  if (record.code === "ERR_HANDLER_RESULT" && error instanceof UsageError) record.reason = error.message;
  if (record.code === "ERR_HANDLER_FAILED") Object.assign(record, originOf(error));
  return record;
}

function recordOf(call: ServerCall, status: Status, metadataKeys: readonly string[]): CallRecord {
  const { connection, peer, route } = call;
  return {
    ...callRecord(call, call.path, status, metadataKeys),
    pin: peer.pin.short,
    ...(route.method && { kind: route.method.methodKind }),
    protocol: connection.protocol,
    connection: connection.id,
  };
}

function levelOf(status: Status): "info" | "warn" | "error" {
  if (status === Status.INTERNAL || status === Status.UNKNOWN || status === Status.DATA_LOSS) return "error";
  return status === Status.PERMISSION_DENIED || status === Status.UNAUTHENTICATED ? "warn" : "info";
}
