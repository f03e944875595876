import { keep } from "../lent-block.js";
import type { RetryBuffer } from "./retry-buffer.js";

/** What a call has written so far, as long as another attempt may need it. */
export class SentMessages {
  readonly #buffer: RetryBuffer;
  #messages: Uint8Array[] = [];
  /** Messages that were let go. */
  #released = 0;
  #bytes = 0;
  /** Whether the last message is there. */
  last = false;

  constructor(buffer: RetryBuffer) {
    this.#buffer = buffer;
  }

  /** Of all messages, also those that were let go. */
  get count(): number {
    return this.#released + this.#messages.length;
  }

  at(index: number): Uint8Array {
    return this.#messages[index - this.#released] as Uint8Array;
  }

  add(message: Uint8Array, last: boolean): void {
    keep(message);
    this.#messages.push(message);
    this.last = last;
  }

  /** Whether the limits leave room for so much more; then it is taken. */
  reserve(bytes: number): boolean {
    if (this.#bytes + bytes > this.#buffer.maxCallBytes || !this.#buffer.take(bytes)) return false;
    this.#bytes += bytes;
    return true;
  }

  release(): void {
    this.#buffer.release(this.#bytes);
    this.#bytes = 0;
    this.#released = this.count;
    this.#messages = [];
  }
}
