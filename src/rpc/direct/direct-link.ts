import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Hello, HelloSchema, type Limits } from "../../gen/pinwire/direct/v1/hello_pb.js";
import type { SecureConnection } from "../../transport/secure-connection.js";
import type { DirectStream } from "./direct-stream.js";
import { dataFlags, frameCostBytes, frameTypes, maxWindow, pingAck } from "./frame.js";
import { type FrameHandler, FrameReader } from "./frame-reader.js";
import { FrameWriter } from "./frame-writer.js";
import { type DirectLimits, highWaterBytes, maxPartialMessages, smallMessageBytes } from "./limits.js";
import { NoiseBudget } from "./noise-budget.js";
import { noViolation, ProtocolViolation, type ViolationName, violations } from "./violation.js";

export const protocolVersion = 1;

/** GOAWAY says why, in a few words for people. */
const maxGoAwayTextBytes = 200;

export interface DirectLinkOptions {
  readonly connection: SecureConnection;
  readonly limits: DirectLimits;
  /** How long the peer may take to say HELLO. */
  readonly helloTimeoutMs: number;
  /** After this long without a byte the peer is asked whether it is still there. */
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
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
  protected readonly streams = new Map<number, DirectStream>();
  readonly #options: DirectLinkOptions;
  readonly #reader: FrameReader;
  readonly #noise = new NoiseBudget();
  /** Streams with a message that waits for its turn, in the order of their turns. */
  readonly #queue: DirectStream[] = [];
  #sendCredit: number;
  #receiveCredit: number;
  #creditDue = 0;
  /** What peers may still have under way on streams that this side has ended: the credit that those had. */
  #lateCredit = 0;
  #partialBytes = 0;
  #helloReceived = false;
  #silence: NodeJS.Timeout;
  #asked = false;
  /** PINGs of ours that were not answered yet. */
  #answersDue = 0;
  #ended = false;

  constructor(options: DirectLinkOptions) {
    const { connection, limits } = options;
    this.#options = options;
    this.connection = connection;
    this.ours = limits;
    this.theirs = limits;
    this.writer = new FrameWriter(connection.socket);
    this.#reader = new FrameReader(this, limits.maxFrameBytes);
    this.#sendCredit = 0;
    this.#receiveCredit = limits.connectionWindowBytes;
    this.#silence = setTimeout(() => this.violate("SILENT_PEER", "no HELLO in time"), options.helloTimeoutMs).unref();
    connection.onClose(() => this.#closed());
    const { socket } = connection;
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("drain", () => this.#pump());
    socket.on("end", () => connection.destroy(new Error("the peer closed the connection")));
  }

  protected abstract onHello(hello: Hello): void;
  protected abstract onStreamFrame(type: number, flags: number, streamId: number, payload: Buffer): void;
  /** The peer leaves: in good order it takes no streams after `lastStreamId`; with a code it ends the connection. */
  protected abstract onGoAway(lastStreamId: number, code: number, text: string): void;
  /** Whether a stream of this ID has existed; frames for it may still be under way when it is gone. */
  protected abstract wasOpen(streamId: number): boolean;
  /** The connection is no more. */
  protected abstract onClosed(violation: ProtocolViolation | undefined): void;
  protected abstract get lastStreamId(): number;

  get ended(): boolean {
    return this.#ended;
  }

  sendHello(methods: Hello["methods"], connectionId: Uint8Array): void {
    const limits = { $typeName: "pinwire.direct.v1.Limits", ...this.ours } as Limits;
    const hello = create(HelloSchema, { version: protocolVersion, connectionId, limits, methods });
    this.writer.payload(frameTypes.hello, 0, 0, toBinary(HelloSchema, hello));
  }

  sendGoAway(violation: ViolationName | undefined, text: string): void {
    const bytes = Buffer.from(text.slice(0, maxGoAwayTextBytes));
    this.writer.frame(frameTypes.goAway, 0, 0, 5 + bytes.length, (slab, at) => {
      slab.writeUInt32BE(this.lastStreamId, at);
      slab[at + 4] = violation === undefined ? noViolation : violations[violation];
      slab.set(bytes, at + 5);
    });
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

  /** Accounts for a part of a message that is still arriving; false when there are too many such. */
  holdPartial(bytes: number): boolean {
    this.#partialBytes += bytes;
    return this.#partialBytes <= maxPartialMessages * this.ours.maxMessageBytes;
  }

  releasePartial(bytes: number): void {
    this.#partialBytes -= bytes;
  }

  /** Something was taken, so that the peer may send as much again. */
  credit(cost: number): void {
    this.#creditDue += cost;
    // Not half of it: what is taken and not yet credited would be as bad for the others as what nobody reads.
    if (this.#creditDue < this.ours.streamWindowBytes / 2 || this.#ended) return;
    this.#receiveCredit += this.#creditDue;
    this.sendWindow(0, this.#creditDue);
    this.#creditDue = 0;
  }

  forget(stream: DirectStream, heldCost: number, partialBytes: number): void {
    this.streams.delete(stream.id);
    this.releasePartial(partialBytes);
    if (stream.peerMaySend) this.expectLate(stream.receiveCredit);
    this.credit(heldCost);
  }

  /** The peer may not know yet that a stream has ended; more than the connection's credit cannot be under way. */
  protected expectLate(credit: number): void {
    this.#lateCredit = Math.min(this.#lateCredit + credit, this.ours.connectionWindowBytes);
  }

  /** Sends a message at once if it fits into a frame, the credit, and what the socket should hold. */
  sendWhole(stream: DirectStream, message: Uint8Array, last: boolean): boolean {
    const { length } = message;
    const cost = length + frameCostBytes;
    if (cost > stream.sendCredit || cost > this.#sendCredit || length > this.theirs.maxFrameBytes) return false;
    if (length > smallMessageBytes && (this.#queue.length > 0 || this.writer.pendingBytes > highWaterBytes))
      return false;
    // Small ones go ahead of large ones, but not without bound either.
    if (this.writer.pendingBytes > 4 * highWaterBytes) return false;
    stream.sendCredit -= cost;
    this.#sendCredit -= cost;
    this.writer.payload(frameTypes.data, last ? dataFlags.last : 0, stream.id, message);
    return true;
  }

  /** Gives a stream with a waiting message its turns. */
  queue(stream: DirectStream): void {
    this.#enqueue(stream);
    this.#pump();
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
        this.onStreamFrame(type, flags, streamId, payload);
    }
  }

  onData(flags: number, streamId: number, part: Buffer, complete: boolean): void {
    if (!this.#helloReceived) throw new ProtocolViolation("HELLO_MISSING", "DATA before HELLO");
    // A frame costs when it is there, and none when it only ends a stream.
    const cost = part.length + (complete && (flags & dataFlags.none) === 0 ? frameCostBytes : 0);
    this.#receiveCredit -= cost;
    if (this.#receiveCredit < 0) {
      throw new ProtocolViolation("CREDIT_EXCEEDED", "more DATA than the connection had credit for");
    }
    const stream = this.streams.get(streamId);
    if (stream === undefined) this.#onLateData(streamId, cost);
    else stream.receive(flags, part, complete, cost);
  }

  /** DATA for a stream that ended on this side: it was under way. It is dropped, and its credit given back. */
  #onLateData(streamId: number, cost: number): void {
    if (!this.wasOpen(streamId))
      throw new ProtocolViolation("BAD_STREAM_ID", `DATA on stream ${streamId}, which never was`);
    this.#lateCredit -= cost;
    if (this.#lateCredit < 0) {
      throw new ProtocolViolation("CREDIT_EXCEEDED", "more DATA on streams that have ended than they had credit for");
    }
    this.credit(cost);
  }

  #onHello(streamId: number, payload: Buffer): void {
    if (this.#helloReceived || streamId !== 0)
      throw new ProtocolViolation("UNEXPECTED_FRAME", "a second HELLO, or one on a stream");
    const hello = decodeHello(payload);
    this.#helloReceived = true;
    this.theirs = limitsOf(hello);
    this.#sendCredit = this.theirs.connectionWindowBytes;
    this.#listenFor(this.#options.keepaliveTimeMs);
    this.onHello(hello);
  }

  #onWindow(streamId: number, payload: Buffer): void {
    const bytes = payload.length === 4 ? payload.readUInt32BE(0) : 0;
    if (bytes === 0 || bytes > maxWindow) throw new ProtocolViolation("BAD_PAYLOAD", "WINDOW without credit");
    if (bytes < 1_024) this.noise();
    if (streamId === 0) {
      this.#sendCredit = addCredit(this.#sendCredit, bytes);
    } else {
      const stream = this.streams.get(streamId);
      if (stream === undefined) {
        this.#onLateFrame(streamId);
        return;
      }
      stream.sendCredit = addCredit(stream.sendCredit, bytes);
      stream.onCredit();
      // It may have left the queue for want of credit.
      if (stream.sending) this.#enqueue(stream);
    }
    this.#pump();
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
    if (streamId !== 0 || payload.length < 5)
      throw new ProtocolViolation("BAD_PAYLOAD", "GOAWAY has five bytes or more, on stream 0");
    this.noise();
    this.onGoAway(payload.readUInt32BE(0), payload[4] as number, payload.toString("utf8", 5, 5 + maxGoAwayTextBytes));
  }

  #receive(chunk: Buffer): void {
    if (this.#ended) return;
    if (this.#asked) this.#listenFor(this.#options.keepaliveTimeMs);
    else if (this.#helloReceived) this.#silence.refresh();
    try {
      this.#reader.push(chunk);
    } catch (error) {
      // Only violations are expected here; a bug of ours must not take the process down either.
      this.#fail(error instanceof ProtocolViolation ? error : new ProtocolViolation("INTERNAL_ERROR", String(error)));
    }
  }

  /** Sends what waits, a chunk of each stream in turn, as long as there is credit and the socket takes it. */
  #pump(): void {
    while (this.#queue.length > 0 && this.#sendCredit > frameCostBytes && this.writer.pendingBytes < highWaterBytes) {
      const stream = this.#queue.shift() as DirectStream;
      stream.queued = false;
      const next = stream.takeChunk(Math.min(this.theirs.maxFrameBytes, this.#sendCredit - frameCostBytes));
      // A stream without credit leaves the queue; WINDOW brings it back.
      if (next === undefined) continue;
      this.#sendCredit -= next.chunk.length + frameCostBytes;
      this.writer.payload(frameTypes.data, next.flags, stream.id, next.chunk);
      if (stream.sending) this.#enqueue(stream);
      else stream.onSent();
    }
  }

  #enqueue(stream: DirectStream): void {
    if (stream.queued) return;
    stream.queued = true;
    this.#queue.push(stream);
  }

  #onSilence(): void {
    if (!this.needsAnswer()) {
      this.#silence.refresh();
      return;
    }
    if (this.#asked) {
      this.violate("SILENT_PEER", "no sign of life");
      return;
    }
    this.writer.frame(frameTypes.ping, 0, 0, 8, (slab, at) => slab.fill(0, at, at + 8));
    this.#answersDue += 1;
    this.#listenFor(this.#options.keepaliveTimeoutMs);
    this.#asked = true;
  }

  #listenFor(ms: number): void {
    this.#asked = false;
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#onSilence(), ms).unref();
  }

  /** Whether it matters that the peer lives. */
  protected needsAnswer(): boolean {
    return true;
  }

  #fail(violation: ProtocolViolation): void {
    if (this.#ended) return;
    this.sendGoAway(violation.violation, violation.violation);
    this.writer.flush();
    this.#end(violation);
    const { socket } = this.connection;
    // The last word is to leave before the socket closes; a peer that does not read it is not waited for.
    socket.end();
    setTimeout(() => this.connection.destroy(violation), 1_000).unref();
  }

  #closed(): void {
    this.#end(undefined);
  }

  #end(violation: ProtocolViolation | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#silence);
    this.onClosed(violation);
    this.streams.clear();
    this.#queue.length = 0;
  }
}

function addCredit(credit: number, bytes: number): number {
  if (credit + bytes > maxWindow) throw new ProtocolViolation("CREDIT_OVERFLOW", "more credit than there can be");
  return credit + bytes;
}

function decodeHello(payload: Buffer): Hello {
  let hello: Hello;
  try {
    hello = fromBinary(HelloSchema, payload, { readUnknownFields: false });
  } catch {
    throw new ProtocolViolation("BAD_HELLO", "HELLO is not what it should be");
  }
  if (hello.version !== protocolVersion) {
    throw new ProtocolViolation("UNSUPPORTED_VERSION", `version ${hello.version}; this end speaks ${protocolVersion}`);
  }
  return hello;
}

/** The room that OPEN (fields and path) and END (fields and message) need beside a metadata block. */
const framingBytes = 8 * 1024;

/** Limits that are too small to work with are as bad as none. */
function limitsOf({ limits, connectionId }: Hello): DirectLimits {
  if (limits === undefined || connectionId.length !== 16)
    throw new ProtocolViolation("BAD_HELLO", "HELLO without limits or name");
  const { maxFrameBytes, maxMessageBytes, maxMetadataBytes, maxStreams, streamWindowBytes, connectionWindowBytes } =
    limits;
  const enough =
    maxFrameBytes >= maxMetadataBytes + framingBytes &&
    maxMessageBytes >= 1 &&
    maxMetadataBytes >= 4_096 &&
    maxStreams >= 1 &&
    streamWindowBytes >= 1_024 &&
    connectionWindowBytes >= streamWindowBytes &&
    connectionWindowBytes <= maxWindow;
  if (!enough) throw new ProtocolViolation("BAD_HELLO", "HELLO with limits that leave no room");
  return { maxFrameBytes, maxMessageBytes, maxMetadataBytes, maxStreams, streamWindowBytes, connectionWindowBytes };
}
