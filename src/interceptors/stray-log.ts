import type { StrayReporter } from "../rpc/call.js";
import { methodPath } from "../rpc/method-path.js";
import { originOf } from "./error-origin.js";
import type { Logger } from "./logger.js";
import { RecordLimit } from "./record-limit.js";

/**
 * Writes what user code threw where no caller can hear it: in a listener of a signal, in an async hook. Without it such a
 * thing would end the process, or be lost.
 */
export function strayLog(logger: Logger): StrayReporter {
  const limit = new RecordLimit();
  return (call, where, error) => {
    const peer = call.peer.id.toString();
    const withheld = limit.pass(peer);
    if (withheld === undefined) return;
    const record = {
      event: "stray failure",
      code: "ERR_HANDLER_FAILED",
      where,
      side: call.side,
      peer,
      method: methodPath(call.method),
      reference: call.reference,
      ...(withheld > 0 && { withheld }),
      ...originOf(error),
    };
    logger.error(record, "code of a call failed where nobody waits for it");
  };
}
