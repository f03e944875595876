import { RpcError } from "../errors.js";
import { parseMethodPath } from "../rpc/method-path.js";
import type { ServerStage } from "../rpc/server-method.js";
import { Status } from "../status.js";
import type { Policy } from "./policy.js";

/**
 * Refuses what the policy does not allow, before a byte of the request is decoded. Who may not call a service cannot
 * learn which methods it has: the answer is the same whether or not the method exists.
 */
export function authorization(policy: Policy): ServerStage {
  return (call, next) => {
    const name = parseMethodPath(call.path);
    if (name === undefined || !policy.permits(call.peer.id, name)) {
      throw new RpcError(Status.PERMISSION_DENIED, "permission denied", { code: "ERR_POLICY" });
    }
    return next();
  };
}
