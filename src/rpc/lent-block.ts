/**
 * Memory for large messages that is used again once they have left. Made anew for each of them, what lies outside V8's heap
 * costs more in collections than all that is done with it.
 *
 * Only whoever has written a message to its end may give its memory back; whoever holds one longer than its write says
 * {@link keep}. What is neither given back nor kept is collected like any other memory.
 */

/** Free bytes before a lent message, so that a frame's header and the message are one piece. */
export const headroomBytes = 16;

const stepBytes = 16 * 1024;
/** A message of a whole frame, with what surrounds it. */
const maxBlockBytes = 144 * 1024;
/** Of each size; what is written in one tick. */
const maxSpare = 8;

const block = Symbol("block");

interface Lent extends Uint8Array {
  /** What the message lies in, as long as it may be used again. */
  [block]?: Buffer | undefined;
}

/** By their size, in steps. */
const spare: Buffer[][] = [];

/** Memory for a message of so many bytes, to be given back if possible. */
export function lend(length: number): Uint8Array {
  const steps = Math.ceil((length + headroomBytes) / stepBytes);
  if (steps * stepBytes > maxBlockBytes) return Buffer.allocUnsafeSlow(length);
  const bytes = spare[steps]?.pop() ?? Buffer.allocUnsafeSlow(steps * stepBytes);
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
  const steps = bytes.length / stepBytes;
  spare[steps] ??= [];
  if (spare[steps].length < maxSpare) spare[steps].push(bytes);
}
