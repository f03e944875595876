import { allowedFlags, frameTypes, headerBytes } from "./frame.js";
import { ProtocolViolation } from "./violation.js";

/** What a reader finds. A throw of either ends the connection. */
export interface FrameHandler {
  /** A whole frame of any type but DATA. The payload is only good until the call returns. */
  onFrame(type: number, flags: number, streamId: number, payload: Buffer): void;
  /**
   * A part of a DATA frame, as it arrived: nothing is put together here. `complete` says that the frame ends with it.
   * A DATA frame without payload is one empty part.
   */
  onData(flags: number, streamId: number, part: Buffer, complete: boolean): void;
}

/** Cuts a stream of bytes into frames. Holds at most one frame, and none that is DATA. */
export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #maxFrameBytes: number;
  /** A header, or a frame that is not DATA, of which some bytes have come. */
  #held: Buffer | undefined;
  #heldBytes = 0;
  /** What is left of a DATA frame. */
  #dataLeft = 0;
  #dataFlags = 0;
  #dataStreamId = 0;

  constructor(handler: FrameHandler, maxFrameBytes: number) {
    this.#handler = handler;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** @throws ProtocolViolation */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#dataLeft > 0) at = this.#passData(chunk, at);
      else if (this.#held !== undefined) at = this.#fillHeld(this.#held, chunk, at);
      else if (chunk.length - at < headerBytes) at = this.#hold(headerBytes, chunk, at);
      else at = this.#read(chunk, at);
    }
  }

  /** A header lies in `chunk` from `at`. Returns where the next frame begins, or the end. */
  #read(chunk: Buffer, at: number): number {
    const length = chunk.readUInt32BE(at);
    const type = chunk[at + 4] as number;
    const flags = chunk[at + 5] as number;
    const streamId = chunk.readUInt32BE(at + 6);
    this.#checkHeader(length, type, flags);
    const begin = at + headerBytes;
    const end = begin + length;
    if (type === frameTypes.data) {
      if (end <= chunk.length) {
        this.#handler.onData(flags, streamId, chunk.subarray(begin, end), true);
        return end;
      }
      this.#dataLeft = length;
      this.#dataFlags = flags;
      this.#dataStreamId = streamId;
      return begin;
    }
    if (end > chunk.length) return this.#hold(headerBytes + length, chunk, at);
    this.#handler.onFrame(type, flags, streamId, chunk.subarray(begin, end));
    return end;
  }

  #passData(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#dataLeft);
    this.#dataLeft -= end - at;
    this.#handler.onData(this.#dataFlags, this.#dataStreamId, chunk.subarray(at, end), this.#dataLeft === 0);
    return end;
  }

  /** Room is made once for all that is missing, so that bytes that come one by one cost no more than one copy each. */
  #hold(needed: number, chunk: Buffer, at: number): number {
    this.#held = Buffer.allocUnsafe(needed);
    this.#heldBytes = 0;
    return this.#fillHeld(this.#held, chunk, at);
  }

  #fillHeld(held: Buffer, chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + held.length - this.#heldBytes);
    this.#heldBytes += chunk.copy(held, this.#heldBytes, at, end);
    if (this.#heldBytes === held.length) {
      this.#held = undefined;
      // Either a whole frame, or a header that is held again, now that the length of its frame is known.
      this.#read(held, 0);
    }
    return end;
  }

  #checkHeader(length: number, type: number, flags: number): void {
    const allowed = allowedFlags[type];
    if (allowed === undefined) throw new ProtocolViolation("UNKNOWN_FRAME", `there is no frame type ${type}`);
    if ((flags & ~allowed) !== 0) {
      throw new ProtocolViolation("BAD_FLAGS", `a frame of type ${type} with flags ${flags}`);
    }
    if (length > this.#maxFrameBytes) {
      throw new ProtocolViolation("FRAME_TOO_LARGE", `a frame of ${length} bytes; the limit is ${this.#maxFrameBytes}`);
    }
  }
}
