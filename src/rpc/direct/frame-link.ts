import { randomBytes } from "node:crypto";
import type { Method } from "../../gen/pinwire/direct/v1/hello_pb.js";
import type { SecureConnection } from "../../transport/secure-connection.js";
import { breakConnection, endConnection } from "./end-connection.js";
import { frameTypes, pingAck } from "./frame.js";
import { type FrameHandler, FrameReader } from "./frame-reader.js";
import { FrameWriter } from "./frame-writer.js";
import { decodeGoAway, encodeGoAway, type GoAway, printable } from "./go-away-frame.js";
import { decodeHello, encodeHello, type Greeting } from "./hello-frame.js";
import { Keepalive, type KeepaliveOptions } from "./keepalive.js";
import { type DirectLimits, maxUnsentBytes } from "./limits.js";
import { NoiseBudget } from "./noise-budget.js";
import { readInPlace } from "./read-in-place.js";
import { noViolation, ProtocolViolation, type ViolationName, violationName, violations } from "./violation.js";

export interface FrameLinkOptions extends KeepaliveOptions {
  readonly connection: SecureConnection;
  readonly limits: DirectLimits;
  /** The peer has ended the connection because, it says, this side has broken the protocol. */
  onAccused?(violation: string, words: string): void;
}

/**
 * One end of a connection that speaks in frames: HELLO before all others, keepalive, GOAWAY, and the end of the connection
 * when the peer breaks the protocol. What is on its streams is the business of {@link DirectLink}.
 */
export abstract class FrameLink implements FrameHandler {
  readonly connection: SecureConnection;
  readonly ours: DirectLimits;
  /** Only after HELLO; nothing is sent on a stream before. */
  theirs: DirectLimits;
  protected readonly writer: FrameWriter;
  readonly #reader: FrameReader;
  readonly #noise = new NoiseBudget();
  readonly #keepalive: Keepalive;
  readonly #onAccused: FrameLinkOptions["onAccused"];
  #helloReceived = false;
  /** Whether what is read lies in a buffer that is used again; undefined before that was tried. */
  #inPlace: boolean | undefined;
  /** PINGs of ours that were not answered yet. */
  #answersDue = 0;
  #ended = false;

  constructor(options: FrameLinkOptions) {
    const { connection, limits } = options;
    this.connection = connection;
    this.ours = limits;
    this.theirs = limits;
    this.writer = new FrameWriter(connection.socket);
    this.#reader = new FrameReader(this, limits.maxFrameBytes);
    this.#onAccused = options.onAccused?.bind(options);
    this.#keepalive = new Keepalive(options, {
      needsAnswer: () => this.needsAnswer(),
      ask: () => this.#ping(),
      progress: () => this.writer.sentBytes,
      giveUp: (what) => this.violate("SILENT_PEER", what),
    });
  }

  protected abstract onHello(greeting: Greeting): void;
  protected abstract onWindow(streamId: number, payload: Buffer): void;
  /** A part of a DATA frame. @throws ProtocolViolation */
  protected abstract onDataPart(flags: number, streamId: number, part: Buffer, complete: boolean): void;
  /** A frame that opens, answers or ends a stream. */
  protected abstract onStreamFrame(type: number, flags: number, streamId: number, payload: Buffer): void;
  /** The peer leaves. */
  protected abstract onGoAway(goAway: GoAway): void;
  /** All that was written has left. */
  protected abstract onDrained(): void;
  /** The connection is no more. */
  protected abstract onClosed(violation: ProtocolViolation | undefined): void;
  protected abstract get lastStreamId(): number;

  get ended(): boolean {
    return this.#ended;
  }

  /** Says HELLO, and listens from now on: not before everything is there that the events of a connection ask for. */
  protected begin(methods: readonly Method[]): void {
    const { connection } = this;
    connection.onClose(() => this.#end(undefined));
    const { socket } = connection;
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("drain", () => this.onDrained());
    socket.on("end", () => connection.destroy(new Error("the peer closed the connection")));
    const hello = encodeHello({ limits: this.ours, connectionId: randomBytes(16), methods });
    this.writer.payload(frameTypes.hello, 0, 0, hello);
  }

  sendGoAway(violation: ViolationName | undefined, text: string): void {
    const code = violation === undefined ? noViolation : violations[violation];
    this.sendBlock(frameTypes.goAway, 0, encodeGoAway({ lastStreamId: this.lastStreamId, code, text }));
  }

  /** A frame whose payload is there already. */
  sendBlock(type: number, streamId: number, payload: Buffer): void {
    this.writer.payload(type, 0, streamId, payload);
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

  onFrame(type: number, flags: number, streamId: number, payload: Buffer): void {
    if (!this.#helloReceived && type !== frameTypes.hello && type !== frameTypes.goAway) {
      throw new ProtocolViolation("HELLO_MISSING", "a frame before HELLO");
    }
    switch (type) {
      case frameTypes.hello:
        this.#onHello(streamId, payload);
        break;
      case frameTypes.window:
        this.onWindow(streamId, payload);
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
    if (!complete) this.#inPlace ??= readInPlace(this.connection.socket, (bytes) => this.#receive(bytes));
    this.onDataPart(flags, streamId, part, complete);
  }

  /** What was read, for longer than it is dealt with now. */
  lasting(bytes: Buffer): Buffer {
    return this.#inPlace ? Buffer.from(bytes) : bytes;
  }

  #onHello(streamId: number, payload: Buffer): void {
    if (this.#helloReceived || streamId !== 0)
      throw new ProtocolViolation("UNEXPECTED_FRAME", "a second HELLO, or one on a stream");
    const greeting = decodeHello(payload);
    this.#helloReceived = true;
    this.theirs = greeting.limits;
    this.#keepalive.greeted();
    this.onHello(greeting);
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

  #end(violation: ProtocolViolation | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#keepalive.stop();
    this.onClosed(violation);
  }
}
