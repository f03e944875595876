/**
 * Memory for large messages that is used again once they have left. Made anew for each of them, what lies outside V8's heap
 * costs more in collections than all that is done with it.
 *
 * Only whoever has written a message to its end may give its memory back; whoever holds one longer than its write says
 * {@link keep}. What is neither given back nor kept is collected like any other memory.
 */

/** Free bytes before a lent message, so that a frame's header and the message are one piece. */
export const headroomBytes = 16;

/** The sizes of blocks: up to a message of a whole frame with what surrounds it closely, beyond it few. */
const stepBytes = 16 * 1024;
const maxFineBytes = 144 * 1024;
const coarseBytes = [288 * 1024, 576 * 1024, 1_152 * 1024];

/** Of each size; what is written in one tick. All of them together are 10 MB. */
const maxSpare = 8;
const maxCoarseSpare = 2;

const block = Symbol("block");

interface Lent extends Uint8Array {
  /** What the message lies in, as long as it may be used again. */
  [block]?: Buffer | undefined;
}

/** By their size. */
const spare = new Map<number, Buffer[]>();

/** Memory for a message of so many bytes, to be given back if possible. */
export function lend(length: number): Uint8Array {
  const size = blockBytes(length + headroomBytes);
  if (size === undefined) return Buffer.allocUnsafeSlow(length);
  const bytes = spare.get(size)?.pop() ?? Buffer.allocUnsafeSlow(size);
  const message: Lent = bytes.subarray(headroomBytes, headroomBytes + length);
  message[block] = bytes;
  return message;
}

/** The memory of this message is not to be used again. */
export function keep(message: Lent): void {
  if (message[block] !== undefined) message[block] = undefined;
}

/** The block that a message lies in after the headroom, if it was lent and is not kept. It is the caller's from now on. */
export function blockOf(message: Lent): Buffer | undefined {
  const bytes = message[block];
  if (bytes !== undefined) message[block] = undefined;
  return bytes;
}

/** Nothing refers to the block any more. */
export function giveBack(bytes: Buffer): void {
  const size = bytes.length;
  let blocks = spare.get(size);
  if (blocks === undefined) {
    blocks = [];
    spare.set(size, blocks);
  }
  if (blocks.length < (size <= maxFineBytes ? maxSpare : maxCoarseSpare)) blocks.push(bytes);
}

function blockBytes(needed: number): number | undefined {
  const fine = Math.ceil(needed / stepBytes) * stepBytes;
  return fine <= maxFineBytes ? fine : coarseBytes.find((size) => size >= needed);
}
