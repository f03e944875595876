import type { ErrorCode } from "../errors.js";
import { CallRefused } from "../rpc/call-refused.js";

/** How many calls were refused, by reason. The reasons are a closed list, so this is as bounded as it is cheap. */
export class RefusalCounts {
  readonly #counts = new Map<ErrorCode, number>();
  #listener: ((code: ErrorCode) => void) | undefined;

  /** Told of each refusal from now on; there is one listener. */
  tell(listener: ((code: ErrorCode) => void) | undefined): void {
    this.#listener = listener;
  }

  /** Counts what was thrown, if it is a refusal. */
  add(error: unknown): void {
    if (error instanceof CallRefused) this.count(error.code);
  }

  count(code: ErrorCode): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    try {
      this.#listener?.(code);
    } catch {
      // Whoever listens must not decide about calls.
    }
  }

  /** As they are now. */
  read(): ReadonlyMap<ErrorCode, number> {
    return new Map(this.#counts);
  }
}
