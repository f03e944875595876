import type { RpcError } from "../errors.js";

const failures = new WeakSet<RpcError>();

/** Notes that an error is how a call of this process's own clients failed. */
export function nestedFailure(error: RpcError): RpcError {
  failures.add(error);
  return error;
}

/** Whether it is: then a handler that lets it escape did not mean its words for its own caller. */
export function isNestedFailure(error: RpcError): boolean {
  return failures.has(error);
}
