import type { DirectLink } from "./direct-link.js";
import { dataFlags, frameCostBytes } from "./frame.js";

/** A message on its way out, of which the first `sent` bytes have left. */
interface Outgoing {
  readonly message: Uint8Array;
  readonly last: boolean;
  sent: number;
  readonly done: () => void;
}

/** A part of a message. */
interface Chunk {
  readonly chunk: Uint8Array;
  readonly flags: number;
  readonly message: Uint8Array;
}

/** The sending half of a stream: a message at a time, in chunks where it is large, as far as the peer gives credit. */
export abstract class SendingStream {
  readonly id: number;
  protected readonly link: DirectLink;
  /** What we may still send. */
  sendCredit: number;
  /** Whether the link has it in its queue. */
  queued = false;
  #outgoing: Outgoing | undefined;
  #closed = false;

  constructor(link: DirectLink, id: number) {
    this.link = link;
    this.id = id;
    this.sendCredit = link.theirs.streamWindowBytes;
  }

  /** A message that had to wait has left. */
  abstract onSent(): void;
  /** The peer takes more of what this side sends. */
  abstract onCredit(): void;

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether a message is waiting for credit. */
  get sending(): boolean {
    return this.#outgoing !== undefined;
  }

  /** Whether the peer takes a message of this size; it would refuse a larger one when it has most of it. */
  protected fitsPeer(message: Uint8Array): boolean {
    return message.length <= this.link.theirs.maxMessageBytes;
  }

  /** Sends a message, now or when there is credit; the promise says when it is time for the next. */
  send(message: Uint8Array, last: boolean): Promise<void> | undefined {
    if (this.#closed) return undefined;
    if (this.#outgoing === undefined && this.link.sendWhole(this, message, last)) return undefined;
    if (this.#outgoing !== undefined) throw new Error("a message was sent before the one before it had left");
    return new Promise((done) => {
      this.#outgoing = { message, last, sent: 0, done };
      this.link.queue(this);
    });
  }

  /** Whether the waiting message is no larger than that. */
  fits(bytes: number): boolean {
    return this.#outgoing === undefined || this.#outgoing.message.length <= bytes;
  }

  /** The next chunk of at most `room` bytes; undefined when there is nothing to send or no credit. */
  takeChunk(room: number): Chunk | undefined {
    const outgoing = this.#outgoing;
    if (outgoing === undefined) return undefined;
    const { message, sent } = outgoing;
    const length = Math.min(room, this.sendCredit - frameCostBytes, message.length - sent);
    if (length < 0 || (length === 0 && message.length > 0)) return undefined;
    outgoing.sent += length;
    this.sendCredit -= length + frameCostBytes;
    const chunk = sent === 0 && length === message.length ? message : message.subarray(sent, sent + length);
    if (outgoing.sent < message.length) return { chunk, flags: dataFlags.more, message };
    this.#outgoing = undefined;
    outgoing.done();
    return { chunk, flags: outgoing.last ? dataFlags.last : 0, message };
  }

  /** Nothing is sent any more, and nobody waits for it. */
  protected stopSending(): void {
    this.#closed = true;
    this.#outgoing?.done();
    this.#outgoing = undefined;
  }
}
