import { CallRefused } from "../rpc/call-refused.js";
import type { MethodContract } from "../rpc/method-contract.js";
import type { ServerStage } from "../rpc/server-method.js";
import { Status } from "../status.js";

/** How long a refused caller is asked to wait: some samples of the event loop, so that the next answer may differ. */
const retryAfterMs = 1_000;

/** Whoever restarts what does not answer must get an answer; a check costs less than a restart. */
const alwaysServed: ReadonlySet<string> = new Set(["grpc.health.v1.Health"]);

/**
 * Refuses new calls while the server is overloaded, so that those it has taken end in time. `UNAVAILABLE`, not
 * `RESOURCE_EXHAUSTED`: it is not this caller who asked too much, and another server, or the same one later, will answer.
 * Nothing of the call has run, so calling again does no harm.
 *
 * @returns undefined for methods that are always served
 */
export function loadShedding(
  contract: MethodContract | undefined,
  isOverloaded: () => boolean,
): ServerStage | undefined {
  if (contract !== undefined && alwaysServed.has(contract.name.slice(0, contract.name.lastIndexOf("/"))))
    return undefined;
  return (_call, next) => {
    if (isOverloaded()) {
      throw new CallRefused("ERR_OVERLOADED", Status.UNAVAILABLE, "the server is overloaded, try again later", {
        retryAfterMs,
      });
    }
    return next();
  };
}
