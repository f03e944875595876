import { RpcError } from "../errors.js";
import type { Call } from "../rpc/call.js";
import { Status } from "../status.js";

/**
 * Ends a call at its deadline, and at any other abort, whether or not the code inside ever settles. The same for both
 * sides.
 */
export async function deadline(call: Call, next: () => Promise<void>): Promise<void> {
  call.throwIfAborted();
  const remainingMs = call.remainingMs();
  // A call that arrives too late must not reach the handler.
  if (remainingMs === 0) throw exceeded();
  const timer = setTimeout(() => call.abort(exceeded()), remainingMs);
  try {
    await new Promise<void>((resolve, reject) => {
      call.whenAborted(reject);
      next().then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
  }
}

function exceeded(): RpcError {
  return new RpcError(Status.DEADLINE_EXCEEDED, "the deadline of the call has passed");
}
