import type { ErrorCode } from "../errors.js";
import type { Status } from "../status.js";

export interface CallRefusedOptions extends ErrorOptions {
  /** When the caller may try again; it is told. */
  readonly retryAfterMs?: number;
  /** More for the log: words of ours and of our configuration, nothing that the peer said. */
  readonly reason?: string;
}

/**
 * A call was refused before its handler ran. The caller hears `sentence` and a reference, for whatever reason; the log has
 * the code and the cause. For our own stages only: what users throw is an `RpcError`.
 */
export class CallRefused extends Error {
  override readonly name = "CallRefused";
  readonly code: ErrorCode;
  readonly status: Status;
  readonly retryAfterMs: number | undefined;
  readonly reason: string | undefined;

  constructor(code: ErrorCode, status: Status, sentence: string, options: CallRefusedOptions = {}) {
    super(sentence, options);
    this.code = code;
    this.status = status;
    this.retryAfterMs = options.retryAfterMs;
    this.reason = options.reason;
  }
}
