import { blockOf, giveBack, keep } from "../lent-block.js";
import { addCredit } from "./credit.js";
import { dataFlags, frameCostBytes, frameTypes } from "./frame.js";
import type { FrameWriter } from "./frame-writer.js";
import { highWaterBytes, maxBegunMessages, smallMessageBytes } from "./limits.js";
import type { SendingStream } from "./sending-stream.js";

/**
 * Sends the messages of a connection's streams: small ones at once, a chunk of each large one in turn, all of them only as far
 * as there is credit and the socket takes them.
 */
export class SendQueue {
  readonly #writer: FrameWriter;
  /** Streams with a message that waits for its turn, in the order of their turns. */
  readonly #turns: SendingStream[] = [];
  /** Streams of whose message a part has been sent. The other side holds all of those parts. */
  readonly #begun = new Set<SendingStream>();
  /** Streams whose message may not begin before another is complete. */
  readonly #later: SendingStream[] = [];
  #credit = 0;
  #maxFrameBytes = 0;

  constructor(writer: FrameWriter) {
    this.#writer = writer;
  }

  /** The peer has said what it takes. */
  open(credit: number, maxFrameBytes: number): void {
    this.#credit = credit;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** @throws ProtocolViolation CREDIT_OVERFLOW */
  addCredit(bytes: number): void {
    this.#credit = addCredit(this.#credit, bytes);
  }

  /** Sends a message at once if it fits into a frame, the credit, and what the socket should hold. */
  sendWhole(stream: SendingStream, message: Uint8Array, last: boolean): boolean {
    const { length } = message;
    const cost = length + frameCostBytes;
    if (cost > stream.sendCredit || cost > this.#credit || length > this.#maxFrameBytes) return false;
    const { pendingBytes } = this.#writer;
    if (length > smallMessageBytes && (this.#turns.length > 0 || pendingBytes > highWaterBytes)) return false;
    // Small ones go ahead of large ones, but not without bound either.
    if (pendingBytes > 4 * highWaterBytes) return false;
    stream.sendCredit -= cost;
    this.#credit -= cost;
    this.#writer.payload(frameTypes.data, last ? dataFlags.last : 0, stream.id, message);
    return true;
  }

  /** Gives a stream with a waiting message its turns. */
  add(stream: SendingStream): void {
    if (stream.queued) return;
    stream.queued = true;
    this.#turns.push(stream);
  }

  /** Sends what can be sent now. */
  pump(): void {
    while (this.#turns.length > 0 && this.#credit > frameCostBytes && this.#writer.pendingBytes < highWaterBytes) {
      const stream = this.#turns.shift() as SendingStream;
      const room = Math.min(this.#maxFrameBytes, this.#credit - frameCostBytes);
      if (!this.#begun.has(stream) && this.#begun.size >= maxBegunMessages && !stream.fits(room)) {
        this.#later.push(stream);
        continue;
      }
      stream.queued = false;
      const next = stream.takeChunk(room);
      // A stream without credit leaves the queue; WINDOW brings it back.
      if (next === undefined) continue;
      this.#credit -= next.chunk.length + frameCostBytes;
      const copied = this.#writer.payload(frameTypes.data, next.flags, stream.id, next.chunk);
      if (!copied) keep(next.message);
      else if (!stream.sending) release(next.message);
      if (stream.sending) {
        this.#begun.add(stream);
        this.add(stream);
      } else {
        this.#complete(stream);
        stream.onSent();
      }
    }
  }

  /** The stream sends nothing more. */
  forget(stream: SendingStream): void {
    this.#complete(stream);
    this.pump();
  }

  clear(): void {
    this.#turns.length = 0;
    this.#later.length = 0;
    this.#begun.clear();
  }

  #complete(stream: SendingStream): void {
    if (!this.#begun.delete(stream)) return;
    let next = this.#later.shift();
    // Whoever was cancelled meanwhile needs no turn.
    while (next !== undefined && !next.sending) next = this.#later.shift();
    if (next !== undefined) this.#turns.push(next);
  }
}

/** All parts of the message were copied. */
function release(message: Uint8Array): void {
  const block = blockOf(message);
  if (block !== undefined) giveBack(block);
}
