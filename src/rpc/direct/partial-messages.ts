import type { DirectStream } from "./direct-stream.js";
import { maxAheadMessages, maxOtherPartialBytes } from "./limits.js";
import type { PartialBudget } from "./partial-budget.js";

/** The messages of a connection that have begun to arrive. */
export class PartialMessages {
  readonly #maxBytes: number;
  readonly #shared: PartialBudget | undefined;
  #bytes = 0;
  /** Those that get credit for all of themselves, however small their window is. */
  readonly #ahead = new Set<DirectStream>();
  /** Those that come after them, in their order. */
  readonly #next = new Set<DirectStream>();

  /** `shared` bounds the connections of a peer together. */
  constructor(maxMessageBytes: number, shared?: PartialBudget) {
    this.#shared = shared;
    this.#maxBytes = maxAheadMessages * maxMessageBytes + maxOtherPartialBytes;
  }

  /** Accounts for a part that is held; false when that is too much for one connection, or for one peer. */
  hold(bytes: number): boolean {
    this.#bytes += bytes;
    const fits = this.#shared?.hold(bytes) ?? true;
    return fits && this.#bytes <= this.#maxBytes;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
    this.#shared?.release(bytes);
  }

  /**
   * Whether a stream may get credit for more of a message than its window holds. Only some messages at a time: each of them
   * can then become complete, and what all of them take is bounded. The stream is told when its turn comes.
   */
  mayGoAhead(stream: DirectStream): boolean {
    if (this.#ahead.has(stream)) return true;
    if (this.#ahead.size >= maxAheadMessages) {
      this.#next.add(stream);
      return false;
    }
    this.#ahead.add(stream);
    return true;
  }

  /** The message is complete, or will never be. */
  done(stream: DirectStream): void {
    this.#next.delete(stream);
    if (!this.#ahead.delete(stream)) return;
    for (const next of this.#next) {
      this.#next.delete(next);
      this.#ahead.add(next);
      next.creditAhead();
      return;
    }
  }
}
