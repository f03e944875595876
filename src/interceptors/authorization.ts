import { CallRefused } from "../rpc/call-refused.js";
import type { ServerCall } from "../rpc/server-call.js";
import type { ServerStage } from "../rpc/server-method.js";
import { Status } from "../status.js";
import type { Logger } from "./logger.js";
import type { Verdict } from "./policy-engine.js";
import type { LivePolicy } from "./policy-live.js";
import { describeRule } from "./policy-rule.js";
import { RecordLimit } from "./record-limit.js";

/**
 * Refuses what the policy does not allow, before a byte of the request is decoded. Who may not call a service cannot
 * learn which methods it has: the answer is the same whether or not the method exists.
 */
export function authorization(policy: LivePolicy, logger: Logger): ServerStage {
  const limit = new RecordLimit();
  return (call, next) => {
    const verdict = policy.current().judge(call.peer.id.toString(), call.path, call);
    if (verdict.shadow !== undefined) reportShadow(logger, limit, call, verdict);
    if (!verdict.allowed) {
      throw new CallRefused("ERR_POLICY", Status.PERMISSION_DENIED, "permission denied", { reason: verdict.reason });
    }
    return next();
  };
}

/** Writes what a shadow rule would have changed; it changes nothing. */
function reportShadow(logger: Logger, limit: RecordLimit, call: ServerCall, { allowed, shadow }: Verdict): void {
  const peer = call.peer.id.toString();
  const withheld = limit.pass(peer);
  if (withheld === undefined || shadow === undefined) return;
  const record = {
    event: "policy shadow",
    peer,
    method: call.path.slice(0, 256),
    connection: call.connection.id,
    decision: allowed ? "allowed" : "denied",
    wouldBe: allowed ? "denied" : "allowed",
    rule: describeRule(shadow),
  };
  logger.warn(withheld > 0 ? { ...record, withheld } : record, "a shadow rule would have decided otherwise");
}
