import { type Resolvable, resolvable } from "./resolvable.js";

/**
 * How far a writer may run ahead of the peer. A few messages under way keep the connection busy; more would only pile up
 * in memory when the peer is slow.
 */
export class WriteWindow {
  readonly #maxBytes: number;
  #pendingBytes = 0;
  #closed = false;
  #waiting: Resolvable | undefined;

  constructor(maxBytes = 256 * 1024) {
    this.#maxBytes = maxBytes;
  }

  /** Accounts for a message handed down. The promise, if there is one, settles when it is time for the next. */
  add(bytes: number): Promise<void> | undefined {
    this.#pendingBytes += bytes;
    if (this.#closed || this.#pendingBytes < this.#maxBytes) return undefined;
    this.#waiting ??= resolvable();
    return this.#waiting.promise;
  }

  /** The message has left this process. */
  remove(bytes: number): void {
    this.#pendingBytes -= bytes;
    if (this.#pendingBytes < this.#maxBytes) this.#release();
  }

  /** The call is over: nobody waits any more. */
  close(): void {
    this.#closed = true;
    this.#release();
  }

  #release(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
