import type { DirectLink } from "./direct-link.js";
import { dataFlags } from "./frame.js";
import { MessageAssembler } from "./message-assembler.js";
import type { MessageRefusal } from "./refused-message.js";
import { SendingStream } from "./sending-stream.js";
import { ProtocolViolation } from "./violation.js";

/** A message that arrived before anybody asked for it. */
interface Arrived {
  readonly message: Buffer;
  readonly cost: number;
}

/** A held message smaller than this is copied: a view of it would keep far more than its own bytes. */
const smallMessageBytes = 2 * 1024;

/** What both ends of a stream do alike: sending, putting together the messages that arrive, and the credit for them. */
export abstract class DirectStream extends SendingStream {
  /** What the peer may still send. */
  receiveCredit: number;
  readonly #assembler = new MessageAssembler();
  #arrived: Arrived[] | undefined;
  #wanted = false;
  /** What the message that is arriving has taken of the credit and was not given back: to the stream, to the connection. */
  #arrivingCost = 0;
  #arrivingLinkCost = 0;
  #creditDue = 0;
  #remoteEnded = false;
  #remoteEndTold = false;

  constructor(link: DirectLink, id: number) {
    super(link, id);
    this.receiveCredit = link.ours.streamWindowBytes;
  }

  protected abstract onMessage(message: Buffer): void;
  /** The peer sends no more messages, and all that it sent were taken. */
  protected abstract onRemoteEnd(): void;
  /** The message that is arriving is refused: it is larger than we accept, or too much is arriving at once. */
  protected abstract onRefused(reason: MessageRefusal): void;

  get remoteEnded(): boolean {
    return this.#remoteEnded;
  }

  /** Whether a message was asked for and has not come. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** Whether more DATA may come, as far as the peer has said. */
  get peerMaySend(): boolean {
    return !this.#remoteEnded;
  }

  /** Whether a message has begun to arrive and is not complete. */
  protected get inMessage(): boolean {
    return this.#assembler.bytes > 0;
  }

  /** Whether everything that arrived was taken. */
  get drained(): boolean {
    return this.#arrived === undefined || this.#arrived.length === 0;
  }

  /** Asks for one more message. */
  read(): void {
    if (this.closed) return;
    const next = this.#arrived?.shift();
    if (next === undefined) {
      this.#wanted = true;
      this.creditAhead();
      return;
    }
    this.link.credit(next.cost);
    this.#credit(next.cost);
    this.onMessage(next.message);
    this.#tellRemoteEnd();
  }

  /** A part of a DATA frame, and what it takes of the credit. @throws ProtocolViolation */
  receive(flags: number, part: Buffer, complete: boolean, cost: number): void {
    if (this.#remoteEnded) throw new ProtocolViolation("DATA_AFTER_END", `DATA on stream ${this.id} after its last`);
    this.receiveCredit -= cost;
    this.#arrivingCost += cost;
    this.#arrivingLinkCost += cost;
    if (this.receiveCredit < 0) {
      throw new ProtocolViolation("CREDIT_EXCEEDED", `stream ${this.id} sent more than it had credit for`);
    }
    if ((flags & dataFlags.none) !== 0) this.#receiveNone(flags, part);
    else if (complete && (flags & dataFlags.more) === 0) this.#receiveEnd(part);
    else this.#receivePart(part);
    if (complete && (flags & dataFlags.last) !== 0) this.#endRemote(flags);
  }

  /**
   * Somebody waits for the message that is arriving: it must be able to arrive whole, however large the window is. The
   * connection's credit is for what nobody waits for, so this gives it back at once; else a few such messages could
   * stand in each other's way for ever.
   */
  creditAhead(): void {
    const { streamWindowBytes } = this.link.ours;
    this.link.credit(this.#arrivingLinkCost);
    this.#arrivingLinkCost = 0;
    // Before half of the window is used no credit would be sent anyway.
    if (this.#creditDue + this.#arrivingCost < streamWindowBytes / 2 || !this.link.partial.mayGoAhead(this)) return;
    const cost = this.#arrivingCost;
    this.#arrivingCost = 0;
    this.#credit(cost);
  }

  /** Takes the stream off its connection; nothing is sent or delivered any more. */
  close(): void {
    if (this.closed) return;
    this.stopSending();
    if (this.inMessage) this.link.partial.done(this);
    let held = this.#arrivingLinkCost;
    for (const { cost } of this.#arrived ?? []) held += cost;
    this.#arrived = undefined;
    this.link.forget(this, held, this.#assembler.bytes);
  }

  #receiveNone(flags: number, part: Buffer): void {
    if (part.length > 0 || flags !== (dataFlags.none | dataFlags.last) || this.#assembler.bytes > 0) {
      throw new ProtocolViolation("BAD_PAYLOAD", `DATA without a message on stream ${this.id} that is not just an end`);
    }
  }

  #receivePart(part: Buffer): void {
    if (part.length === 0) throw partWithoutBytes(this.id);
    this.#assembler.add(part);
    const roomLeft = this.link.partial.hold(part.length);
    if (this.#assembler.bytes > this.link.ours.maxMessageBytes) this.onRefused("too large");
    else if (!roomLeft) this.onRefused("too many");
    else if (this.#wanted) this.creditAhead();
  }

  #receiveEnd(part: Buffer): void {
    const before = this.#assembler.bytes;
    if (before > 0 && part.length === 0) throw partWithoutBytes(this.id);
    if (before + part.length > this.link.ours.maxMessageBytes) {
      this.onRefused("too large");
      return;
    }
    if (before > 0) {
      this.link.partial.release(before);
      this.link.partial.done(this);
    }
    const message = before === 0 ? this.link.lasting(part) : this.#assembler.finish(part);
    const cost = this.#arrivingCost;
    const linkCost = this.#arrivingLinkCost;
    this.#arrivingCost = 0;
    this.#arrivingLinkCost = 0;
    if (!this.#wanted) {
      this.#arrived ??= [];
      this.#arrived.push({ message: message.length < smallMessageBytes ? Buffer.from(message) : message, cost });
      return;
    }
    this.#wanted = false;
    this.link.credit(linkCost);
    this.#credit(cost);
    this.onMessage(message);
  }

  #endRemote(flags: number): void {
    if ((flags & dataFlags.more) !== 0) {
      throw new ProtocolViolation("BAD_PAYLOAD", `stream ${this.id} ends in the middle of a message`);
    }
    this.#remoteEnded = true;
    this.#tellRemoteEnd();
  }

  /** Once, also when the last messages were asked for one within the other. */
  #tellRemoteEnd(): void {
    if (!this.#remoteEnded || this.#remoteEndTold || this.closed || !this.drained) return;
    this.#remoteEndTold = true;
    this.onRemoteEnd();
  }

  #credit(cost: number): void {
    this.#creditDue += cost;
    if (this.#remoteEnded || this.#creditDue < this.link.ours.streamWindowBytes / 2) return;
    this.receiveCredit += this.#creditDue;
    this.link.sendWindow(this.id, this.#creditDue);
    this.#creditDue = 0;
  }
}

/** Only a message that is empty as a whole has a frame without bytes. */
function partWithoutBytes(streamId: number): ProtocolViolation {
  return new ProtocolViolation("BAD_PAYLOAD", `a part of a message without bytes on stream ${streamId}`);
}
