/** A buffer that is filled from front to back and never written over. */
export interface Slab {
  readonly bytes: Buffer;
  /** Where the free part begins. */
  end: number;
}

const slabBytes = 128 * 1024;
/** A slab with less room than this is not worth keeping. */
const worthKeepingBytes = 8 * 1024;
const maxKept = 4;

const kept: Slab[] = [];

/**
 * A slab with at least `room` free bytes. It belongs to the taker alone until it is given back, so what one connection
 * writes in a tick lies in one piece; and a connection that is silent holds none.
 */
export function takeSlab(room: number): Slab {
  const slab = kept.pop();
  if (slab !== undefined && slab.bytes.length - slab.end >= room) return slab;
  return { bytes: Buffer.allocUnsafeSlow(Math.max(slabBytes, room)), end: 0 };
}

/** Lets others use what is left of a slab. */
export function giveSlab(slab: Slab): void {
  if (kept.length < maxKept && slab.bytes.length - slab.end >= worthKeepingBytes) kept.push(slab);
}
