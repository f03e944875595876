import { CallRefused } from "../rpc/call-refused.js";
import type { ServerStage } from "../rpc/server-method.js";
import { Status } from "../status.js";
import type { Policy } from "./policy.js";

/**
 * Refuses what the policy does not allow, before a byte of the request is decoded. Who may not call a service cannot
 * learn which methods it has: the answer is the same whether or not the method exists.
 */
export function authorization(policy: Policy): ServerStage {
  return (call, next) => {
    if (!policy.permits(call.peer.id, call.path)) {
      throw new CallRefused("ERR_POLICY", Status.PERMISSION_DENIED, "permission denied");
    }
    return next();
  };
}
