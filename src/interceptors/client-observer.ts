import type { ErrorCode } from "../errors.js";
import type { ClientCall } from "../rpc/client-call.js";
import type { Status } from "../status.js";

/** Who watches the calls of a client. It decides nothing. */
export interface ClientObserver {
  /** Each call once, whichever way it ended; `code` is the reason when it did not end well. */
  callEnded(call: ClientCall, status: Status, code: ErrorCode | undefined): void;
}
