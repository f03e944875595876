import { errorCodes, PeerError } from "../../errors.js";
import { Status } from "../../status.js";
import { directRefusalKinds as refusalKinds } from "../../transport/refusal.js";
import { connectionLost } from "../connection-lost.js";
import { metadataTooLarge } from "../metadata-too-large.js";
import type { ClientRequest, ClientStreamListener, Outcome } from "../transport.js";
import { DirectClientStream } from "./direct-client-stream.js";
import { DirectLink, type DirectLinkOptions } from "./direct-link.js";
import { frameTypes } from "./frame.js";
import { type GoAway, printable } from "./go-away-frame.js";
import type { Greeting } from "./hello-frame.js";
import { openFlags, openLength, writeOpen } from "./open-frame.js";
import { type Sent, SentMetadata } from "./repeated-metadata.js";
import { SchemaChecks } from "./schema-checks.js";
import { noViolation, ProtocolViolation, violationName } from "./violation.js";

/** What four bytes hold; a busy connection gets there within hours. */
const lastPossibleStreamId = 0xffff_ffff;

export interface DirectClientLinkOptions extends DirectLinkOptions {
  /** The connection takes no calls after this one. @default the last there can be */
  readonly maxStreamId?: number;
  /** The server has said HELLO: calls may begin. */
  onReady(): void;
  /** The server takes no more calls; the streams are those that it never began. */
  onLeaving(notBegun: readonly DirectClientStream[]): void;
  /** There is room for another call after there was none. */
  onRoom(): void;
  /** The server broke the protocol; the connection has ended. */
  onViolation(violation: ProtocolViolation): void;
  /** The connection is no more. */
  onGone(reason: PeerError): void;
}

/** The client's end of a direct connection. */
export class DirectClientLink extends DirectLink {
  readonly #options: DirectClientLinkOptions;
  readonly #methods = new Map<string, number>();
  #greeting: Greeting | undefined;
  /** Whether the two ends mean the same messages. */
  readonly schemas = new SchemaChecks(this);
  readonly #metadata = new SentMetadata();
  #lastStreamId = -1;
  #calls = 0;
  #leaving = false;
  /** Frames that may still come for calls that were cancelled. */
  #lateAnswers = 0;
  #lastWords: Outcome | undefined;

  constructor(options: DirectClientLinkOptions) {
    super(options);
    this.#options = options;
    this.begin([]);
  }

  /** Whether one more call may begin now. */
  get hasRoom(): boolean {
    return !this.#leaving && !this.ended && !this.isClogged && this.streams.size < this.theirs.maxStreams;
  }

  get isIdle(): boolean {
    return this.streams.size === 0;
  }

  /** What the server's HELLO says of a method; undefined when it does not name it. */
  fingerprintOf(path: string): Uint8Array | undefined {
    const index = this.#methods.get(path);
    return index === undefined ? undefined : this.#greeting?.methods[index]?.fingerprint;
  }

  /** @throws RpcError RESOURCE_EXHAUSTED when the metadata is larger than the server accepts */
  open(request: ClientRequest, listener: ClientStreamListener): DirectClientStream {
    const sent = this.#metadata.encode(request.metadata);
    if (sent.metadata !== undefined && sent.metadata.length > this.theirs.maxMetadataBytes) {
      throw metadataTooLarge("request metadata");
    }
    this.#metadata.remember(request.metadata, sent);
    this.#lastStreamId += 2;
    this.#calls += 1;
    const openedAt = Date.now();
    const stream = new DirectClientStream(this, this.#lastStreamId, { request, listener, openedAt });
    this.streams.set(stream.id, stream);
    this.#sendOpen(stream.id, request, sent, openedAt);
    if (this.#lastStreamId >= (this.#options.maxStreamId ?? lastPossibleStreamId)) this.#useUp();
    return stream;
  }

  sendCancel(streamId: number): void {
    this.sendBlock(frameTypes.cancel, streamId, Buffer.alloc(0));
    this.#lateAnswers += 2;
  }

  /** Begins no more calls; the connection closes when those under way have ended. */
  leave(): void {
    this.#leaving = true;
    this.closeWhenIdle();
  }

  override forget(...args: Parameters<DirectLink["forget"]>): void {
    const wasFull = !this.hasRoom;
    super.forget(...args);
    if (this.ended) return;
    if (this.#leaving) this.closeWhenIdle();
    else if (wasFull) this.#options.onRoom();
  }

  protected override get lastStreamId(): number {
    // A server opens no streams.
    return 0;
  }

  protected override wasOpen(streamId: number): boolean {
    return streamId % 2 === 1 && streamId <= this.#lastStreamId;
  }

  protected override needsAnswer(): boolean {
    return this.streams.size > 0;
  }

  protected override onRoomToSend(): void {
    if (this.hasRoom) this.#options.onRoom();
  }

  protected override onGreeting(greeting: Greeting): void {
    const { methods } = greeting;
    this.#greeting = greeting;
    for (const [index, { path }] of methods.entries()) {
      if (path === "" || this.#methods.has(path)) {
        throw new ProtocolViolation("BAD_HELLO", "HELLO with a method that has no path, or with one twice");
      }
      this.#methods.set(path, index);
    }
    if (!this.#leaving) this.#options.onReady();
  }

  protected override onStreamFrame(type: number, _flags: number, streamId: number, payload: Buffer): void {
    if (type !== frameTypes.header && type !== frameTypes.end) {
      throw new ProtocolViolation("UNEXPECTED_FRAME", `a server does not send frames of type ${type}`);
    }
    const stream = this.streams.get(streamId) as DirectClientStream | undefined;
    if (stream !== undefined) stream.receiveFrame(type, payload);
    else this.#onLateAnswer(streamId);
  }

  /** HEADER and END of a call that was cancelled may have been under way; more of them lead to nothing. */
  #onLateAnswer(streamId: number): void {
    this.assertWasOpen(streamId, "a frame");
    if (this.#lateAnswers > 0) this.#lateAnswers -= 1;
    else this.noise();
  }

  protected override onGoAway({ lastStreamId, code, text }: GoAway): void {
    this.#leaving = true;
    if (code !== noViolation) {
      this.#lastWords = lastWords(code, text);
      this.#options.onLeaving([]);
    } else {
      const notBegun = this.streams.values().filter(({ id }) => id > lastStreamId) as DirectClientStream[];
      if (notBegun.some(({ begun }) => begun)) {
        throw new ProtocolViolation(
          "BAD_STREAM_ID",
          "GOAWAY says of a stream that it was never begun, after an answer on it",
        );
      }
      this.#options.onLeaving(notBegun);
    }
    this.closeWhenIdle();
  }

  protected override onEnded(violation: ProtocolViolation | undefined): void {
    const outcome = violation === undefined ? (this.#lastWords ?? connectionLost()) : broken(violation);
    for (const stream of this.streams.values()) (stream as DirectClientStream).fail(outcome);
    if (violation !== undefined) this.#options.onViolation(violation);
    this.#options.onGone(
      new PeerError(outcome.code ?? "ERR_CONNECTION_LOST", outcome.message, { cause: outcome.cause }),
    );
  }

  #sendOpen(streamId: number, { path, timeoutMs }: ClientRequest, sent: Sent, sentAt: number): void {
    const { metadata, sameMetadata } = sent;
    const method = this.#methods.get(path) ?? path;
    const open = { method, timeoutMs, sequence: this.#calls, sentAt, metadata, sameMetadata };
    const length = openLength(open);
    this.writer.frame(frameTypes.open, openFlags(open), streamId, length, (bytes, at) => writeOpen(open, bytes, at));
  }

  /** There are no numbers left for further calls. */
  #useUp(): void {
    this.#options.onLeaving([]);
    this.leave();
  }
}

/** What a server said before it ended the connection. Its words are cut, and never more than one line. */
function lastWords(code: number, text: string): Outcome {
  const kind = refusalKinds[code];
  const words = printable(text);
  if (kind === undefined)
    return {
      ...connectionLost(),
      message: `the server ended the connection: ${violationName(code) ?? `code ${code}`}, ${words}`,
    };
  const errorCode = kind === "refused" ? "ERR_REFUSED_BY_PEER" : "ERR_TOO_MANY_CONNECTIONS";
  return { status: errorCodes[errorCode], message: words, code: errorCode };
}

function broken(violation: ProtocolViolation): Outcome {
  // Who is stopped or cut off has broken nothing.
  if (violation.violation === "SILENT_PEER") return connectionLost(violation.message);
  return {
    status: Status.INTERNAL,
    message: `the server broke the protocol: ${violation.violation}, ${violation.message}`,
    code: "ERR_PROTOCOL_VIOLATION",
    cause: violation,
  };
}
