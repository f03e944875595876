import { X509Error } from "./x509-error.js";

/** The identifier octets that X.509 uses (ITU-T X.690, section 8.1.2): class, form and number in one octet. */
export const Tag = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OID: 0x06,
  UTF8_STRING: 0x0c,
  NUMERIC_STRING: 0x12,
  PRINTABLE_STRING: 0x13,
  TELETEX_STRING: 0x14,
  IA5_STRING: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  UNIVERSAL_STRING: 0x1c,
  BMP_STRING: 0x1e,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/** The identifier octet of a context-specific tag that holds a primitive value. */
export const contextPrimitive = (number: number): number => 0x80 | number;

/** The identifier octet of a context-specific tag that holds other values. */
export const contextConstructed = (number: number): number => 0xa0 | number;

/** One value: its identifier octet, its content, and all of its octets. Both buffers are views, not copies. */
export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  readonly der: Buffer;
}

/**
 * Reads DER values one after the other, as strictly as X.690 section 10 demands: definite lengths in the fewest octets,
 * exact tags, nothing left over. One certificate then has one encoding, which a signature over its bytes relies on.
 *
 * node-forge only writes ASN.1 here. Its reader takes indefinite and overlong lengths, guesses what is inside bit strings,
 * and does not say at which bytes a value stands, which the signed part and the pinned key need.
 *
 * The caller names each tag that it expects, so there is no recursion that hostile input could drive.
 */
export class DerReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Reads the one value that all of `bytes` must be. `what` names it in the message of an error. */
  static only(bytes: Buffer, tag: number, what: string): DerValue {
    const reader = new DerReader(bytes);
    const value = reader.read(tag, what);
    reader.end(what);
    return value;
  }

  get atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** The identifier octet of the next value, or undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#offset];
  }

  /** @throws X509Error when the next value is absent, malformed, or has another tag. */
  read(tag: number, what: string): DerValue {
    if (this.nextTag !== tag) throw new X509Error(`${what}: ${hex(tag)} expected, found ${hex(this.nextTag)}`);
    return this.readAny(what);
  }

  /** The next value if it has this tag; else undefined, and nothing is consumed. */
  readOptional(tag: number, what: string): DerValue | undefined {
    return this.nextTag === tag ? this.readAny(what) : undefined;
  }

  /** The next value, whatever its tag. */
  readAny(what: string): DerValue {
    const start = this.#offset;
    const tag = this.#octet(what);
    if ((tag & 0x1f) === 0x1f) throw new X509Error(`${what}: a tag of several octets is not used in X.509`);
    const length = this.#length(what);
    const contentStart = this.#offset;
    if (length > this.#bytes.length - contentStart) throw new X509Error(`${what}: longer than what contains it`);
    this.#offset = contentStart + length;
    return {
      tag,
      content: this.#bytes.subarray(contentStart, this.#offset),
      der: this.#bytes.subarray(start, this.#offset),
    };
  }

  /** @throws X509Error when bytes are left. */
  end(what: string): void {
    if (!this.atEnd) throw new X509Error(`${what}: ${this.#bytes.length - this.#offset} unexpected bytes at the end`);
  }

  #length(what: string): number {
    const first = this.#octet(what);
    if (first < 0x80) return first;
    const octets = first & 0x7f;
    if (octets === 0) throw new X509Error(`${what}: indefinite length`);
    // Three octets reach far beyond the largest certificate that is read; more could only overflow.
    if (octets > 3) throw new X509Error(`${what}: longer than what contains it`);
    let length = 0;
    for (let i = 0; i < octets; i++) length = length * 256 + this.#octet(what);
    const shortest = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
    if (octets !== shortest) throw new X509Error(`${what}: its length is not encoded in the fewest octets`);
    return length;
  }

  #octet(what: string): number {
    const octet = this.#bytes[this.#offset];
    if (octet === undefined) throw new X509Error(`${what}: cut off`);
    this.#offset += 1;
    return octet;
  }
}

function hex(tag: number | undefined): string {
  return tag === undefined ? "nothing" : `tag 0x${tag.toString(16).padStart(2, "0")}`;
}
