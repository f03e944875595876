/** Blocks are as large as the last message of the stream was, within these bounds: most streams send messages of a size. */
const minBlockBytes = 16 * 1024;
const maxBlockBytes = 256 * 1024;

/**
 * Puts the parts of one message together. A message that arrives whole is never copied. Any other is copied as it comes into
 * a block of our own, so that the buffers it came in are free at once; a second time only if it does not fit into one block.
 */
export class MessageAssembler {
  /** Blocks that are full, and the one that is being filled. */
  #full: Buffer[] = [];
  #block: Buffer | undefined;
  #blockEnd = 0;
  #bytes = 0;
  #lastBytes = 0;

  /** How much of the message has come. */
  get bytes(): number {
    return this.#bytes;
  }

  add(part: Buffer): void {
    this.#bytes += part.length;
    let at = 0;
    while (at < part.length) {
      this.#block ??= Buffer.allocUnsafeSlow(Math.min(Math.max(this.#lastBytes, minBlockBytes), maxBlockBytes));
      const copied = part.copy(this.#block, this.#blockEnd, at);
      at += copied;
      this.#blockEnd += copied;
      if (this.#blockEnd === this.#block.length) this.#closeBlock();
    }
  }

  /** The message, of which `last` is the rest. Starts anew. */
  finish(last: Buffer): Buffer {
    if (this.#bytes === 0) return last;
    this.add(last);
    this.#closeBlock();
    const [first] = this.#full;
    const message = this.#full.length === 1 && first ? first : Buffer.concat(this.#full, this.#bytes);
    this.#lastBytes = this.#bytes;
    this.#full = [];
    this.#bytes = 0;
    return message;
  }

  #closeBlock(): void {
    if (this.#block === undefined) return;
    this.#full.push(this.#block.subarray(0, this.#blockEnd));
    this.#block = undefined;
    this.#blockEnd = 0;
  }
}
