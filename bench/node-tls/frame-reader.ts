/** What a frame asks for. */
export const frameKinds = { echo: 0, download: 1, upload: 2, uploadEnd: 3 } as const;

const headerBytes = 5;

/** Length of the payload (u32, big endian), kind (u8), payload. */
export function frame(kind: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(headerBytes + payload.length);
  bytes.writeUInt32BE(payload.length);
  bytes[4] = kind;
  bytes.set(payload, headerBytes);
  return bytes;
}

/** Cuts the bytes of a stream into frames; what arrives whole is not copied. */
export class FrameReader {
  readonly #onFrame: (kind: number, payload: Buffer) => void;
  #rest: Buffer | undefined;
  /** Of a large frame, the parts so far; they are joined once, when it is complete. */
  #parts: Buffer[] = [];
  #missing = 0;

  constructor(onFrame: (kind: number, payload: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    if (this.#missing > chunk.length) {
      this.#parts.push(chunk);
      this.#missing -= chunk.length;
      return;
    }
    const bytes = this.#joined(chunk);
    let offset = 0;
    while (bytes.length - offset >= headerBytes) {
      const end = offset + headerBytes + bytes.readUInt32BE(offset);
      if (end > bytes.length) {
        this.#missing = end - bytes.length;
        break;
      }
      this.#onFrame(bytes.readUInt8(offset + 4), bytes.subarray(offset + headerBytes, end));
      offset = end;
    }
    if (offset === bytes.length) return;
    if (this.#missing > 0) this.#parts.push(bytes.subarray(offset));
    else this.#rest = bytes.subarray(offset);
  }

  #joined(chunk: Buffer): Buffer {
    const parts = this.#rest === undefined ? this.#parts : [this.#rest];
    this.#rest = undefined;
    this.#parts = [];
    this.#missing = 0;
    return parts.length === 0 ? chunk : Buffer.concat([...parts, chunk]);
  }
}
