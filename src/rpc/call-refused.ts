import type { ErrorCode } from "../errors.js";
import type { Status } from "../status.js";

/**
 * A call was refused before its handler ran. The caller hears `sentence` and a reference, for whatever reason; the log has
 * the code and the cause. For our own stages only: what users throw is an `RpcError`.
 */
export class CallRefused extends Error {
  override readonly name = "CallRefused";
  readonly code: ErrorCode;
  readonly status: Status;

  constructor(code: ErrorCode, status: Status, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.code = code;
    this.status = status;
  }
}
