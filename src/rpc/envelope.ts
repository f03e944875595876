import { randomBytes } from "node:crypto";

/** How far the time of a call may be from ours, either way: what processes of one machine differ by is nothing. */
export const freshForMs = 30_000;

/** What a call says of itself, so that neither an old call nor the same one again is taken for a new one. */
export interface Envelope {
  /** Names the channel that sent it; 64 random bits, as text of one character a byte. */
  readonly sender: string;
  /** On the clock of `Date.now()`. */
  readonly issuedAt: number;
  /** 1 for the first call of a channel, 2 for the next, …; each attempt of a call has its own. */
  readonly sequence: number;
}

const version = 1;
const envelopeBytes = 23;

/** Version (u8), sender (8 bytes), issued-at in ms (f64), sequence (u48), big endian. */
export function encodeEnvelope({ sender, issuedAt, sequence }: Envelope): Buffer {
  const bytes = Buffer.allocUnsafe(envelopeBytes);
  bytes[0] = version;
  bytes.write(sender, 1, 8, "latin1");
  bytes.writeDoubleBE(issuedAt, 9);
  bytes.writeUIntBE(sequence, 17, 6);
  return bytes;
}

/** Undefined for bytes that are none, or of a version that does not exist yet. */
export function decodeEnvelope(bytes: Uint8Array): Envelope | undefined {
  if (bytes.length !== envelopeBytes || bytes[0] !== version) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    sender: buffer.toString("latin1", 1, 9),
    issuedAt: buffer.readDoubleBE(9),
    sequence: buffer.readUIntBE(17, 6),
  };
}

/** Writes the envelopes of one channel. */
export class EnvelopeWriter {
  readonly #sender = randomBytes(8).toString("latin1");
  #sequence = 0;

  next(): Buffer {
    this.#sequence += 1;
    return encodeEnvelope({ sender: this.#sender, issuedAt: Date.now(), sequence: this.#sequence });
  }
}
