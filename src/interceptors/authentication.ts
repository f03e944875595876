import type { ServerStage } from "../rpc/server-method.js";

/**
 * A connection outlives decisions: the peer's leaf, pin and revocation are looked at again at every call. Two
 * comparisons when nothing has changed.
 */
export const authentication: ServerStage = (call, next) => {
  call.assertAuthentic();
  return next();
};
