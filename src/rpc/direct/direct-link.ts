import { randomBytes } from "node:crypto";
import type { Method } from "../../gen/pinwire/direct/v1/hello_pb.js";
import type { SecureConnection } from "../../transport/secure-connection.js";
import { addCredit } from "./credit.js";
import type { DirectStream } from "./direct-stream.js";
import { breakConnection, endConnection } from "./end-connection.js";
import { dataFlags, frameCostBytes, frameTypes, maxWindow, pingAck } from "./frame.js";
import { type FrameHandler, FrameReader } from "./frame-reader.js";
import { FrameWriter } from "./frame-writer.js";
import { decodeGoAway, encodeGoAway, type GoAway, printable } from "./go-away-frame.js";
import { decodeHello, encodeHello, type Greeting } from "./hello-frame.js";
import { Keepalive, type KeepaliveOptions } from "./keepalive.js";
import { type DirectLimits, maxUnsentBytes } from "./limits.js";
import { NoiseBudget } from "./noise-budget.js";
import type { PartialBudget } from "./partial-budget.js";
import { PartialMessages } from "./partial-messages.js";
import { readInPlace } from "./read-in-place.js";
import { ReceiveCredit } from "./receive-credit.js";
import { SendQueue } from "./send-queue.js";
import { StreamTable } from "./stream-table.js";
import { noViolation, ProtocolViolation, type ViolationName, violationName, violations } from "./violation.js";

export interface DirectLinkOptions extends KeepaliveOptions {
  readonly connection: SecureConnection;
  readonly limits: DirectLimits;
  /** What is shared with other connections of the peer. @default nothing */
  readonly partialBudget?: PartialBudget;
  /** The peer has ended the connection because, it says, this side has broken the protocol. */
  onAccused?(violation: string, words: string): void;
}

/**
 * One end of a direct connection: frames, credit, fair sending, keepalive. Which frames open and end streams is the
 * business of the two kinds of end.
 */
export abstract class DirectLink implements FrameHandler {
  readonly connection: SecureConnection;
  readonly ours: DirectLimits;
  /** Only after HELLO; nothing is sent on a stream before. */
  theirs: DirectLimits;
  protected readonly writer: FrameWriter;
  protected readonly streams = new StreamTable<DirectStream>();
  /** What arrives of messages. */
  readonly partial: PartialMessages;
  readonly #reader: FrameReader;
  readonly #noise = new NoiseBudget();
  readonly #sending: SendQueue;
  readonly #keepalive: Keepalive;
  readonly #credit: ReceiveCredit;
  readonly #onAccused: DirectLinkOptions["onAccused"];
  #helloReceived = false;
  /** Whether what is read lies in a buffer that is used again; undefined before that was tried. */
  #inPlace: boolean | undefined;
  /** PINGs of ours that were not answered yet. */
  #answersDue = 0;
  #ended = false;

  constructor(options: DirectLinkOptions) {
    const { connection, limits } = options;
    this.connection = connection;
    this.ours = limits;
    this.theirs = limits;
    this.writer = new FrameWriter(connection.socket);
    this.#reader = new FrameReader(this, limits.maxFrameBytes);
    this.#sending = new SendQueue(this.writer);
    this.partial = new PartialMessages(limits.maxMessageBytes, options.partialBudget);
    this.#onAccused = options.onAccused?.bind(options);
    // Not half of the connection's: what is taken and not yet credited would be as bad for the others as what nobody reads.
    const announceBytes = limits.streamWindowBytes / 2;
    this.#credit = new ReceiveCredit(limits.connectionWindowBytes, announceBytes, (due) => this.sendWindow(0, due));
    this.#keepalive = new Keepalive(options, {
      needsAnswer: () => this.needsAnswer(),
      ask: () => this.#ping(),
      progress: () => this.writer.sentBytes,
      giveUp: (what) => this.violate("SILENT_PEER", what),
    });
    connection.onClose(() => this.#closed());
    const { socket } = connection;
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("drain", () => {
      this.#sending.pump();
      this.onDrained();
    });
    socket.on("end", () => connection.destroy(new Error("the peer closed the connection")));
  }

  protected abstract onHello(greeting: Greeting): void;
  protected abstract onStreamFrame(type: number, flags: number, streamId: number, payload: Buffer): void;
  /** The peer leaves. */
  protected abstract onGoAway(goAway: GoAway): void;
  /** Whether a stream of this ID has existed; frames for it may still be under way when it is gone. */
  protected abstract wasOpen(streamId: number): boolean;
  /** The connection is no more. */
  protected abstract onClosed(violation: ProtocolViolation | undefined): void;
  protected abstract get lastStreamId(): number;

  get ended(): boolean {
    return this.#ended;
  }

  protected sendHello(methods: readonly Method[]): void {
    const hello = encodeHello({ limits: this.ours, connectionId: randomBytes(16), methods });
    this.writer.payload(frameTypes.hello, 0, 0, hello);
  }

  sendGoAway(violation: ViolationName | undefined, text: string): void {
    const code = violation === undefined ? noViolation : violations[violation];
    this.sendBlock(frameTypes.goAway, 0, encodeGoAway({ lastStreamId: this.lastStreamId, code, text }));
  }

  /** A frame on a stream whose payload is there already. */
  sendBlock(type: number, streamId: number, payload: Buffer): void {
    this.writer.payload(type, 0, streamId, payload);
  }

  /** The sender of a stream has no more messages. */
  sendEndOfMessages(streamId: number): void {
    this.writer.frame(frameTypes.data, dataFlags.last | dataFlags.none, streamId, 0);
  }

  sendWindow(streamId: number, bytes: number): void {
    this.writer.frame(frameTypes.window, 0, streamId, 4, (slab, at) => slab.writeUInt32BE(bytes, at));
  }

  /** Ends the connection because the peer broke the protocol. */
  violate(violation: ViolationName, message: string): void {
    this.#fail(new ProtocolViolation(violation, message));
  }

  noise(): void {
    this.#noise.spend();
  }

  /** A call was served to its end. */
  earn(): void {
    this.#noise.earn();
  }

  /** Something was taken, so that the peer may send as much again. */
  credit(cost: number): void {
    if (!this.#ended) this.#credit.giveBack(cost);
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
  sendWhole(stream: DirectStream, message: Uint8Array, last: boolean): boolean {
    return this.#sending.sendWhole(stream, message, last);
  }

  /** Gives a stream with a waiting message its turns. */
  queue(stream: DirectStream): void {
    this.#sending.add(stream);
    this.#sending.pump();
  }

  onFrame(type: number, flags: number, streamId: number, payload: Buffer): void {
    if (!this.#helloReceived && type !== frameTypes.hello && type !== frameTypes.goAway) {
      throw new ProtocolViolation("HELLO_MISSING", "a frame before HELLO");
    }
    switch (type) {
      case frameTypes.hello:
        this.#onHello(streamId, payload);
        break;
      case frameTypes.window:
        this.#onWindow(streamId, payload);
        break;
      case frameTypes.ping:
        this.#onPing(flags, streamId, payload);
        break;
      case frameTypes.goAway:
        this.#onGoAway(streamId, payload);
        break;
      default:
        this.onStreamFrame(type, flags, streamId, this.lasting(payload));
    }
  }

  onData(flags: number, streamId: number, part: Buffer, complete: boolean): void {
    if (!this.#helloReceived) throw new ProtocolViolation("HELLO_MISSING", "DATA before HELLO");
    // A frame costs when it is there, and none when it only ends a stream.
    if (!complete) this.#inPlace ??= readInPlace(this.connection.socket, (bytes) => this.#receive(bytes));
    const cost = part.length + (complete && (flags & dataFlags.none) === 0 ? frameCostBytes : 0);
    this.#credit.take(cost);
    const stream = this.streams.get(streamId);
    if (stream === undefined) this.#onLateData(streamId, cost);
    else stream.receive(flags, part, complete, cost);
  }

  /** What was read, for longer than it is dealt with now. */
  lasting(bytes: Buffer): Buffer {
    return this.#inPlace ? Buffer.from(bytes) : bytes;
  }

  /** DATA for a stream that ended on this side: it was under way. It is dropped, and its credit given back. */
  #onLateData(streamId: number, cost: number): void {
    if (!this.wasOpen(streamId))
      throw new ProtocolViolation("BAD_STREAM_ID", `DATA on stream ${streamId}, which never was`);
    // An end of messages that crosses the end of its call costs no credit; each call has one.
    if (cost === 0) this.noise();
    this.#credit.takeLate(cost);
  }

  #onHello(streamId: number, payload: Buffer): void {
    if (this.#helloReceived || streamId !== 0)
      throw new ProtocolViolation("UNEXPECTED_FRAME", "a second HELLO, or one on a stream");
    const greeting = decodeHello(payload);
    this.#helloReceived = true;
    this.theirs = greeting.limits;
    this.#sending.open(this.theirs.connectionWindowBytes, this.theirs.maxFrameBytes);
    this.#keepalive.greeted();
    this.onHello(greeting);
  }

  #onWindow(streamId: number, payload: Buffer): void {
    const bytes = payload.length === 4 ? payload.readUInt32BE(0) : 0;
    if (bytes === 0 || bytes > maxWindow) throw new ProtocolViolation("BAD_PAYLOAD", "WINDOW without credit");
    if (bytes < 1_024) this.noise();
    if (streamId === 0) {
      this.#sending.addCredit(bytes);
    } else {
      const stream = this.streams.get(streamId);
      if (stream === undefined) {
        this.#onLateFrame(streamId);
        return;
      }
      stream.sendCredit = addCredit(stream.sendCredit, bytes);
      stream.onCredit();
      // It may have left the queue for want of credit.
      if (stream.sending) this.#sending.add(stream);
    }
    this.#sending.pump();
  }

  #onLateFrame(streamId: number): void {
    if (!this.wasOpen(streamId))
      throw new ProtocolViolation("BAD_STREAM_ID", `a frame on stream ${streamId}, which never was`);
    this.noise();
  }

  #onPing(flags: number, streamId: number, payload: Buffer): void {
    if (streamId !== 0 || payload.length !== 8)
      throw new ProtocolViolation("BAD_PAYLOAD", "PING has eight bytes, on stream 0");
    if (flags === pingAck && this.#answersDue > 0) {
      this.#answersDue -= 1;
      return;
    }
    this.noise();
    if (flags === pingAck) return;
    const echo = Buffer.from(payload);
    this.writer.payload(frameTypes.ping, pingAck, 0, echo);
  }

  #onGoAway(streamId: number, payload: Buffer): void {
    if (streamId !== 0) throw new ProtocolViolation("BAD_PAYLOAD", "GOAWAY on a stream");
    this.noise();
    const goAway = decodeGoAway(payload);
    const accusation = violationName(goAway.code);
    if (accusation !== undefined) this.#onAccused?.(accusation, printable(goAway.text));
    this.onGoAway(goAway);
  }

  #ping(): void {
    this.writer.frame(frameTypes.ping, 0, 0, 8, (slab, at) => slab.fill(0, at, at + 8));
    this.#answersDue += 1;
  }

  #receive(chunk: Buffer): void {
    if (this.#ended) return;
    this.#keepalive.heard();
    try {
      this.#reader.push(chunk);
      this.onInput();
    } catch (error) {
      // Only violations are expected here; a bug of ours must not take the process down either.
      this.#fail(error instanceof ProtocolViolation ? error : new ProtocolViolation("INTERNAL_ERROR", String(error)));
    }
  }

  /** Bytes have come and were dealt with. */
  protected onInput(): void {}

  /** All that was written has left. */
  protected onDrained(): void {}

  /** Whether the peer leaves so much unread that nothing should be added to it but what is under way. */
  protected get isClogged(): boolean {
    return this.writer.pendingBytes > maxUnsentBytes;
  }

  /** Whether it matters that the peer lives. */
  protected needsAnswer(): boolean {
    return true;
  }

  /** Ends the connection in good order. A peer that does not end its half of it is not waited for. */
  protected close(): void {
    this.writer.flush();
    endConnection(this.connection);
  }

  #fail(violation: ProtocolViolation): void {
    if (this.#ended) return;
    this.sendGoAway(violation.violation, violation.violation);
    this.writer.flush();
    this.#end(violation);
    breakConnection(this.connection, violation);
  }

  #closed(): void {
    this.#end(undefined);
  }

  #end(violation: ProtocolViolation | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#keepalive.stop();
    this.onClosed(violation);
    this.streams.clear();
    this.#sending.clear();
  }
}
