/** Blocks are as large as the last message of the stream was, within these bounds: most streams send messages of a size. */
const minBlockBytes = 16 * 1024;
const maxBlockBytes = 256 * 1024;

/**
 * Blocks of the largest size that nothing refers to any more. Memory outside V8's heap brings on full collections by how
 * much of it is made, so a large message should not make more than itself.
 */
const spareBlocks: Buffer[] = [];
const maxSpareBlocks = 16;

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
      this.#block ??= makeBlock(Math.min(Math.max(this.#lastBytes, minBlockBytes), maxBlockBytes));
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
    const message = this.#full.length === 1 && first ? first : joined(this.#full, this.#bytes);
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

function makeBlock(bytes: number): Buffer {
  return (bytes === maxBlockBytes ? spareBlocks.pop() : undefined) ?? Buffer.allocUnsafeSlow(bytes);
}

/** A copy, so that the blocks can be used again. */
function joined(blocks: readonly Buffer[], bytes: number): Buffer {
  const message = Buffer.concat(blocks, bytes);
  for (const { buffer } of blocks) {
    if (buffer.byteLength === maxBlockBytes && spareBlocks.length < maxSpareBlocks)
      spareBlocks.push(Buffer.from(buffer));
  }
  return message;
}
