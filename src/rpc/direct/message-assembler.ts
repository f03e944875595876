/** Parts smaller than this are copied together; one that holds a view of its own would cost more than its bytes. */
const smallPartBytes = 2 * 1024;
const blockBytes = 16 * 1024;

/** Puts the parts of one message together: a message that arrives whole is never copied, any other exactly once or twice. */
export class MessageAssembler {
  #parts: Buffer[] = [];
  /** A block of our own that small parts are copied into, and how much of it is used. */
  #block: Buffer | undefined;
  #blockEnd = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(part: Buffer): void {
    this.#bytes += part.length;
    if (part.length >= smallPartBytes) {
      this.#closeBlock();
      this.#parts.push(part);
      return;
    }
    let at = 0;
    while (at < part.length) {
      this.#block ??= Buffer.allocUnsafe(blockBytes);
      const copied = part.copy(this.#block, this.#blockEnd, at);
      at += copied;
      this.#blockEnd += copied;
      if (this.#blockEnd === blockBytes) this.#closeBlock();
    }
  }

  /** The message, of which `last` is the rest. Starts anew. */
  finish(last: Buffer): Buffer {
    if (this.#bytes === 0) return last;
    this.add(last);
    this.#closeBlock();
    const message = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [];
    this.#bytes = 0;
    return message;
  }

  #closeBlock(): void {
    if (this.#block === undefined) return;
    this.#parts.push(this.#block.subarray(0, this.#blockEnd));
    this.#block = undefined;
    this.#blockEnd = 0;
  }
}
