import type { TLSSocket } from "node:tls";
import { blockOf, giveBack, headroomBytes, lend } from "../lent-block.js";
import { headerBytes } from "./frame.js";
import { giveSlab, type Slab, takeSlab } from "./slab-pool.js";

/** Payloads from this size on are written from where they are; smaller ones are cheaper to copy behind their header. */
const copyBelowBytes = 8 * 1024;

/** Payloads from this size on are copied behind their header too, into a block of their own. */
const ownBlockBytes = 64 * 1024;

/**
 * Collects the frames of one tick and writes them together. A lone frame is written when the tick ends, which is at once.
 */
export class FrameWriter {
  readonly #socket: TLSSocket;
  #slab: Slab | undefined;
  /** Where in the slab the bytes begin that are not handed on yet. */
  #begin = 0;
  /** What comes before them. */
  #segments: Uint8Array[] = [];
  #segmentBytes = 0;
  #scheduled = false;
  /** Of those segments that are the frame of a lent message: what they lie in. */
  #blocks: Map<Uint8Array, Buffer> | undefined;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
  }

  /** Bytes that have not left this process. */
  get pendingBytes(): number {
    const inSlab = this.#slab === undefined ? 0 : this.#slab.end - this.#begin;
    return this.#segmentBytes + inSlab + this.#socket.writableLength;
  }

  /** Bytes that the operating system has taken. Costs something: it looks at all that waits. */
  get sentBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  /** A frame whose payload of `length` bytes `fill` writes into the slab. */
  frame(
    type: number,
    flags: number,
    streamId: number,
    length: number,
    fill?: (bytes: Buffer, at: number) => void,
  ): void {
    const slab = this.#slabWith(headerBytes + length);
    // First, so that nothing of the frame is there if it throws.
    fill?.(slab.bytes, slab.end + headerBytes);
    this.#header(slab, type, flags, streamId, length);
    slab.end += length;
  }

  /**
   * A frame whose payload is there already. Whether it was copied: otherwise it must not change any more, and whoever lent
   * its memory to it loses it to the writer.
   */
  payload(type: number, flags: number, streamId: number, payload: Uint8Array): boolean {
    const { length } = payload;
    const copied = length < copyBelowBytes;
    const lent = copied ? undefined : blockOf(payload);
    const block = lent ?? (length < ownBlockBytes ? undefined : copyToBlock(payload));
    if (block !== undefined) {
      writeHeader(block, headroomBytes - headerBytes, type, flags, streamId, length);
      this.#pushBlock(block, block.subarray(headroomBytes - headerBytes, headroomBytes + length));
      return lent === undefined;
    }
    const slab = this.#slabWith(headerBytes + (copied ? length : 0));
    this.#header(slab, type, flags, streamId, length);
    if (copied) {
      slab.bytes.set(payload, slab.end);
      slab.end += length;
      return true;
    }
    this.#cut(slab);
    this.#segments.push(payload);
    this.#segmentBytes += length;
    return false;
  }

  /** Hands everything to the socket now. */
  flush(): void {
    this.#scheduled = false;
    if (this.#slab !== undefined) {
      this.#cut(this.#slab);
      giveSlab(this.#slab);
      this.#slab = undefined;
    }
    const segments = this.#segments;
    if (segments.length === 0) return;
    this.#segments = [];
    this.#segmentBytes = 0;
    // After the socket was ended a write would be an error, and cost what is still on its way out.
    const blocks = this.#blocks;
    this.#blocks = undefined;
    if (!this.#socket.writable) return;
    if (blocks !== undefined) {
      this.#writeEach(segments, blocks);
      return;
    }
    if (segments.length === 1) {
      this.#socket.write(segments[0] as Uint8Array);
      return;
    }
    this.#socket.cork();
    for (const segment of segments) this.#socket.write(segment);
    this.#socket.uncork();
  }

  /** Not corked: Node.js copies what is written together once more, and for that much bytes a write of its own costs less. */
  #writeEach(segments: readonly Uint8Array[], blocks: ReadonlyMap<Uint8Array, Buffer>): void {
    for (const segment of segments) {
      const block = blocks.get(segment);
      if (block === undefined) this.#socket.write(segment);
      else this.#socket.write(segment, (error) => !error && giveBack(block));
    }
  }

  #header(slab: Slab, type: number, flags: number, streamId: number, length: number): void {
    writeHeader(slab.bytes, slab.end, type, flags, streamId, length);
    slab.end += headerBytes;
    this.#schedule();
  }

  #pushBlock(block: Buffer, frame: Buffer): void {
    if (this.#slab !== undefined) this.#cut(this.#slab);
    this.#blocks ??= new Map();
    this.#blocks.set(frame, block);
    this.#segments.push(frame);
    this.#segmentBytes += frame.length;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After the promises of this turn: what they write still goes into the same write.
    process.nextTick(flush, this);
  }

  #slabWith(room: number): Slab {
    if (this.#slab !== undefined) {
      if (this.#slab.bytes.length - this.#slab.end >= room) return this.#slab;
      this.#cut(this.#slab);
    }
    this.#slab = takeSlab(room);
    this.#begin = this.#slab.end;
    return this.#slab;
  }

  /** Ends the run of bytes in the slab. */
  #cut(slab: Slab): void {
    if (slab.end === this.#begin) return;
    this.#segments.push(slab.bytes.subarray(this.#begin, slab.end));
    this.#segmentBytes += slab.end - this.#begin;
    this.#begin = slab.end;
  }
}

/** Node.js would copy it too, to memory that it makes for that, because its header lies elsewhere. */
function copyToBlock(payload: Uint8Array): Buffer | undefined {
  const copy = lend(payload.length);
  const block = blockOf(copy);
  if (block !== undefined) copy.set(payload);
  return block;
}

function writeHeader(bytes: Buffer, at: number, type: number, flags: number, streamId: number, length: number): void {
  bytes.writeUInt32BE(length, at);
  bytes[at + 4] = type;
  bytes[at + 5] = flags;
  bytes.writeUInt32BE(streamId, at + 6);
}

function flush(writer: FrameWriter): void {
  writer.flush();
}
