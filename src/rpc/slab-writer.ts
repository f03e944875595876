const slabBytes = 128 * 1024;

/**
 * Writes protobuf one message after the other into a buffer that they share. A buffer of its own for each, outside V8's heap,
 * would cost more than all that is written into it. What was written is never written over.
 */
export class SlabWriter {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  #begin = 0;

  /** Starts a message; what an earlier one left unfinished is forgotten. */
  begin(): void {
    this.at = this.#begin;
  }

  finish(): Uint8Array {
    const message = this.bytes.subarray(this.#begin, this.at);
    this.#begin = this.at;
    return message;
  }

  /** Makes room for so many bytes more. */
  ensure(room: number): void {
    if (this.at + room <= this.bytes.length) return;
    const written = this.at - this.#begin;
    const bytes = Buffer.allocUnsafeSlow(Math.max(slabBytes, Math.ceil((written + room) * 1.25)));
    this.bytes.copy(bytes, 0, this.#begin, this.at);
    this.bytes = bytes;
    this.#begin = 0;
    this.at = written;
  }

  /** An unsigned 32-bit number. */
  varint(value: number): void {
    this.ensure(5);
    let rest = value;
    while (rest > 0x7f) {
      this.bytes[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.at++] = rest;
  }

  /** 64 bits, as two halves. */
  varint64(low: number, high: number): void {
    this.ensure(10);
    let [lower, upper] = [low >>> 0, high >>> 0];
    while (upper > 0 || lower > 0x7f) {
      this.bytes[this.at++] = (lower & 0x7f) | 0x80;
      lower = ((lower >>> 7) | (upper << 25)) >>> 0;
      upper >>>= 7;
    }
    this.bytes[this.at++] = lower;
  }

  string(text: string): void {
    const { length } = text;
    // A code unit is three bytes at most; of a long text it is worth knowing better.
    this.ensure((length < 4_096 ? length * 3 : Buffer.byteLength(text)) + 5);
    const start = this.at;
    if (length < 64 && this.#ascii(text)) return;
    // Most text is ASCII.
    const prefix = varintBytes(length);
    const written = this.bytes.write(text, start + prefix, "utf8");
    this.#prefix(start, prefix, written);
  }

  raw(value: Uint8Array): void {
    this.varint(value.length);
    this.ensure(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  /** Begins what is prefixed by its length; give the result to {@link join}. */
  fork(): number {
    this.ensure(1);
    this.at += 1;
    // Not where it stands: the buffer may be another one until then.
    return this.at - this.#begin;
  }

  join(fork: number): void {
    const start = this.#begin + fork - 1;
    const length = this.at - start - 1;
    this.ensure(4);
    this.#prefix(this.#begin + fork - 1, 1, length);
  }

  /** Writes the length before `length` bytes, for which `reserved` bytes were left free at `start`. */
  #prefix(start: number, reserved: number, length: number): void {
    const needed = varintBytes(length);
    if (needed !== reserved) {
      this.bytes.copyWithin(start + needed, start + reserved, start + reserved + length);
    }
    this.at = start;
    this.varint(length);
    this.at += length;
  }

  #ascii(text: string): boolean {
    const { bytes } = this;
    let at = this.at;
    bytes[at++] = text.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at++] = code;
    }
    this.at = at;
    return true;
  }
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}
