import { addCredit } from "./credit.js";
import type { DirectStream } from "./direct-stream.js";
import { dataFlags, frameCostBytes, frameTypes, maxWindow } from "./frame.js";
import { FrameLink, type FrameLinkOptions } from "./frame-link.js";
import type { Greeting } from "./hello-frame.js";
import type { PartialBudget } from "./partial-budget.js";
import { PartialMessages } from "./partial-messages.js";
import { ReceiveCredit } from "./receive-credit.js";
import { SendQueue } from "./send-queue.js";
import type { SendingStream } from "./sending-stream.js";
import { StreamTable } from "./stream-table.js";
import { ProtocolViolation } from "./violation.js";

export interface DirectLinkOptions extends FrameLinkOptions {
  /** What is shared with other connections of the peer. @default nothing */
  readonly partialBudget?: PartialBudget;
}

/**
 * One end of a direct connection: streams, their credit and their messages, sent in fair turns. Which frames open and end
 * streams is the business of the two kinds of end.
 */
export abstract class DirectLink extends FrameLink {
  protected readonly streams = new StreamTable<DirectStream>();
  /** What arrives of messages. */
  readonly partial: PartialMessages;
  readonly #sending: SendQueue;
  readonly #credit: ReceiveCredit;
  #closing = false;

  constructor(options: DirectLinkOptions) {
    super(options);
    const { limits, partialBudget } = options;
    this.#sending = new SendQueue(this.writer);
    this.partial = new PartialMessages(limits.maxMessageBytes, partialBudget);
    // Not half of the connection's: what is taken and not yet credited would be as bad for the others as what nobody reads.
    const announceBytes = limits.streamWindowBytes / 2;
    this.#credit = new ReceiveCredit(limits.connectionWindowBytes, announceBytes, (due) => this.sendWindow(0, due));
  }

  protected abstract onGreeting(greeting: Greeting): void;
  /** What was to be sent has left, as far as there is credit. */
  protected abstract onRoomToSend(): void;
  /** Whether a stream of this ID has existed; frames for it may still be under way when it is gone. */
  protected abstract wasOpen(streamId: number): boolean;
  /** The connection is no more, and the streams are still there. */
  protected abstract onEnded(violation: ProtocolViolation | undefined): void;

  /** The sender of a stream has no more messages. */
  sendEndOfMessages(streamId: number): void {
    this.writer.frame(frameTypes.data, dataFlags.last | dataFlags.none, streamId, 0);
  }

  sendWindow(streamId: number, bytes: number): void {
    this.writer.frame(frameTypes.window, 0, streamId, 4, (slab, at) => slab.writeUInt32BE(bytes, at));
  }

  /** Something was taken, so that the peer may send as much again. */
  credit(cost: number): void {
    if (!this.ended) this.#credit.giveBack(cost);
  }

  forget(stream: DirectStream, heldCost: number, partialBytes: number): void {
    this.streams.delete(stream.id);
    this.#sending.forget(stream);
    this.partial.release(partialBytes);
    if (stream.peerMaySend) this.expectLate(stream.receiveCredit);
    this.credit(heldCost);
  }

  /** The peer may not know yet that a stream has ended; more than the connection's credit cannot be under way. */
  protected expectLate(credit: number): void {
    this.#credit.expectLate(credit);
  }

  /** Sends a message at once if it can. */
  sendWhole(stream: SendingStream, message: Uint8Array, last: boolean): boolean {
    return this.#sending.sendWhole(stream, message, last);
  }

  /** Gives a stream with a waiting message its turns. */
  queue(stream: SendingStream): void {
    this.#sending.add(stream);
    this.#sending.pump();
  }

  protected override onHello(greeting: Greeting): void {
    this.#sending.open(this.theirs.connectionWindowBytes, this.theirs.maxFrameBytes);
    this.onGreeting(greeting);
  }

  protected override onDataPart(flags: number, streamId: number, part: Buffer, complete: boolean): void {
    // A frame costs when it is there, and none when it only ends a stream.
    const cost = part.length + (complete && (flags & dataFlags.none) === 0 ? frameCostBytes : 0);
    this.#credit.take(cost);
    const stream = this.streams.get(streamId);
    if (stream === undefined) this.#onLateData(streamId, cost);
    else stream.receive(flags, part, complete, cost);
  }

  protected override onWindow(streamId: number, payload: Buffer): void {
    const bytes = payload.length === 4 ? payload.readUInt32BE(0) : 0;
    if (bytes === 0 || bytes > maxWindow) throw new ProtocolViolation("BAD_PAYLOAD", "WINDOW without credit");
    if (bytes < 1_024) this.noise();
    if (streamId === 0) {
      this.#sending.addCredit(bytes);
    } else {
      const stream = this.streams.get(streamId);
      if (stream === undefined) {
        this.assertWasOpen(streamId, "a frame");
        this.noise();
        return;
      }
      stream.sendCredit = addCredit(stream.sendCredit, bytes);
      stream.onCredit();
      // It may have left the queue for want of credit.
      if (stream.sending) this.#sending.add(stream);
    }
    this.#sending.pump();
  }

  protected override onDrained(): void {
    this.#sending.pump();
    this.onRoomToSend();
  }

  protected override onClosed(violation: ProtocolViolation | undefined): void {
    this.onEnded(violation);
    this.streams.clear();
    this.#sending.clear();
  }

  /** @throws ProtocolViolation BAD_STREAM_ID */
  protected assertWasOpen(streamId: number, what: string): void {
    if (this.wasOpen(streamId)) return;
    throw new ProtocolViolation("BAD_STREAM_ID", `${what} on stream ${streamId}, which never was`);
  }

  /** Closes the connection of an end that leaves, once its last stream has ended. */
  protected closeWhenIdle(): void {
    if (this.streams.size > 0 || this.ended || this.#closing) return;
    this.#closing = true;
    this.close();
  }

  /** DATA for a stream that ended on this side: it was under way. It is dropped, and its credit given back. */
  #onLateData(streamId: number, cost: number): void {
    this.assertWasOpen(streamId, "DATA");
    // An end of messages that crosses the end of its call costs no credit; each call has one.
    if (cost === 0) this.noise();
    this.#credit.takeLate(cost);
  }
}
