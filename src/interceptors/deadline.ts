import { type Call, deadlineExceeded } from "../rpc/call.js";
import { deadlineTimers } from "../rpc/deadline-timers.js";
import { tame } from "../rpc/tame.js";

/**
 * Ends a call at its deadline, and at any other abort, whether or not the code inside ever settles. The same for both
 * sides. Every call passes here, so it makes one promise and no more.
 */
export function deadline(call: Call, next: () => Promise<void>): Promise<void> {
  call.throwIfAborted();
  // A call that arrives too late must not reach the handler.
  if (call.remainingMs() === 0) throw deadlineExceeded();
  deadlineTimers.arm(call);
  call.workBegins();
  return new Promise<void>((resolve, reject) => {
    const fail = (error: unknown) => {
      deadlineTimers.disarm(call);
      reject(error);
    };
    const failWork = (error: unknown) => {
      call.workEnds();
      // A client's caller is to get what was thrown; a server has to look at it.
      fail(call.side === "server" ? tame(error) : error);
    };
    call.whenAborted(fail);
    try {
      next().then(() => {
        call.workEnds();
        deadlineTimers.disarm(call);
        resolve();
      }, failWork);
    } catch (error) {
      failWork(error);
    }
  });
}
