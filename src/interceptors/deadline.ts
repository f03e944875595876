import { type Call, deadlineExceeded } from "../rpc/call.js";
import { deadlineTimers } from "../rpc/deadline-timers.js";

/**
 * Ends a call at its deadline, and at any other abort, whether or not the code inside ever settles. The same for both
 * sides.
 */
export async function deadline(call: Call, next: () => Promise<void>): Promise<void> {
  call.throwIfAborted();
  // A call that arrives too late must not reach the handler.
  if (call.remainingMs() === 0) throw deadlineExceeded();
  deadlineTimers.arm(call);
  try {
    await new Promise<void>((resolve, reject) => {
      call.whenAborted(reject);
      next().then(resolve, reject);
    });
  } finally {
    deadlineTimers.disarm(call);
  }
}
