import { performance } from "node:perf_hooks";
import type { ErrorCode } from "../errors.js";
import { CallRefused } from "../rpc/call-refused.js";
import { failureOf } from "../rpc/outcome.js";
import type { ServerCall } from "../rpc/server-call.js";
import type { ServerStage } from "../rpc/server-method.js";
import { Status, statusName } from "../status.js";
import { originOf } from "./error-origin.js";
import type { Logger } from "./logger.js";
import { RecordLimit } from "./record-limit.js";
import type { RefusalCounts } from "./refusal-counts.js";

/** Everything a record may hold: scalars, chosen here one by one. No payload, no metadata, no text of anybody's error. */
interface CallRecord {
  event: "call";
  peer: string;
  pin: string;
  method: string;
  protocol: string;
  connection: string;
  status: string;
  durationMs: number;
  code?: ErrorCode;
  /** Why it was refused, in our own words: the rule of the policy that decided. */
  reason?: string;
  reference?: string;
  /** Records about failures of this peer that were not written before this one: it caused more than ten in a second. */
  withheld?: number;
  errorName?: string;
  stack?: string;
}

/** Writes one record per call, whichever way it ends. Outermost, so that it sees refusals too. */
export function serverTelemetry(logger: Logger, refusals: RefusalCounts): ServerStage {
  const limit = new RecordLimit();
  return async (call, next) => {
    try {
      await next();
      if (logger.isLevelEnabled?.("debug") ?? true) logger.debug(recordOf(call, Status.OK), "call served");
    } catch (error) {
      refusals.add(error);
      logFailure(logger, limit, call, error);
      throw error;
    }
  };
}

function logFailure(logger: Logger, limit: RecordLimit, call: ServerCall, error: unknown): void {
  const withheld = limit.pass(call.peer.id.toString());
  if (withheld === undefined) return;
  const { code, outcome } = failureOf(error, () => call.reference);
  const record: CallRecord = { ...recordOf(call, outcome.status), code };
  if (withheld > 0) record.withheld = withheld;
  if (error instanceof CallRefused && error.reason !== undefined) record.reason = error.reason;
  if (call.hasReference) record.reference = call.reference;
  if (code === "ERR_HANDLER_FAILED") Object.assign(record, originOf(error));
  logger[levelOf(outcome.status)](record, "call failed");
}

function recordOf(call: ServerCall, status: Status): CallRecord {
  return {
    event: "call",
    peer: call.peer.id.toString(),
    pin: call.peer.pin.short,
    // A path that leads nowhere is the peer's invention: it is cut, and JSON keeps it on its line.
    method: call.path.slice(0, 256),
    protocol: call.connection.protocol,
    connection: call.connection.id,
    status: statusName(status),
    durationMs: Math.round((performance.now() - call.startedAt) * 1000) / 1000,
  };
}

function levelOf(status: Status): "info" | "warn" | "error" {
  if (status === Status.INTERNAL || status === Status.UNKNOWN || status === Status.DATA_LOSS) return "error";
  return status === Status.PERMISSION_DENIED || status === Status.UNAUTHENTICATED ? "warn" : "info";
}
