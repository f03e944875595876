import type { Method } from "../../gen/pinwire/direct/v1/hello_pb.js";
import { Status } from "../../status.js";
import { cancelledByCaller } from "../cancelled-by-caller.js";
import { freshForMs } from "../envelope.js";
import { type CallAge, freshCall, lateCall, type ServerStreamHandler, staleCall } from "../transport.js";
import { DirectLink, type DirectLinkOptions } from "./direct-link.js";
import { DirectServerStream, type OpenedCall } from "./direct-server-stream.js";
import { frameTypes } from "./frame.js";
import type { Greeting } from "./hello-frame.js";
import { readOpen } from "./open-frame.js";
import { ReceivedMetadata } from "./repeated-metadata.js";
import { ProtocolViolation } from "./violation.js";

export interface DirectServerLinkOptions extends DirectLinkOptions {
  readonly handler: ServerStreamHandler;
  /** The methods this peer may open by index. */
  readonly methods: Method[];
  /** The client broke the protocol; the connection has ended. */
  onViolation(violation: ProtocolViolation): void;
}

/** The server's end of a direct connection. */
export class DirectServerLink extends DirectLink {
  readonly #options: DirectServerLinkOptions;
  readonly #metadata = new ReceivedMetadata();
  #lastStreamId = 0;
  #draining = false;

  constructor(options: DirectServerLinkOptions) {
    super(options);
    this.#options = options;
    this.begin(options.methods);
  }

  /** Takes no new calls; the connection closes when those under way have ended. */
  drain(): void {
    if (this.#draining || this.ended) return;
    this.#draining = true;
    this.sendGoAway(undefined, "draining");
    this.closeWhenIdle();
  }

  override forget(...args: Parameters<DirectLink["forget"]>): void {
    super.forget(...args);
    if (this.#draining) this.closeWhenIdle();
  }

  protected override get lastStreamId(): number {
    return this.#lastStreamId;
  }

  protected override wasOpen(streamId: number): boolean {
    return streamId % 2 === 1 && (streamId <= this.#lastStreamId || this.#draining);
  }

  protected override onGreeting({ methods }: Greeting): void {
    if (methods.length > 0) throw new ProtocolViolation("BAD_HELLO", "a client has no methods to offer");
  }

  /**
   * A client that sends and does not read makes answers pile up: it is read no further until it has read. A client never
   * stops reading for this reason, so the two cannot wait for each other.
   */
  protected override onInput(): void {
    if (this.isClogged) this.connection.socket.pause();
  }

  protected override onRoomToSend(): void {
    this.connection.socket.resume();
  }

  protected override onStreamFrame(type: number, flags: number, streamId: number, payload: Buffer): void {
    if (type === frameTypes.open) this.#onOpen(flags, streamId, payload);
    else if (type === frameTypes.cancel) this.#onCancel(streamId, payload);
    else throw new ProtocolViolation("UNEXPECTED_FRAME", `a client does not send frames of type ${type}`);
  }

  protected override onGoAway(): void {
    this.drain();
  }

  protected override onEnded(violation: ProtocolViolation | undefined): void {
    if (violation !== undefined) this.#options.onViolation(violation);
    for (const stream of this.streams.values()) {
      (stream as DirectServerStream).abort({
        status: Status.CANCELLED,
        message: "the connection of the caller has ended",
      });
    }
  }

  #onOpen(flags: number, streamId: number, payload: Buffer): void {
    if (this.#draining) {
      // Sent before our GOAWAY arrived: the client knows from it that this call was not begun.
      this.expectLate(this.ours.streamWindowBytes);
      return;
    }
    if (streamId !== this.#nextStreamId) {
      throw new ProtocolViolation("BAD_STREAM_ID", `OPEN on stream ${streamId}, not ${this.#nextStreamId}`);
    }
    if (this.streams.size >= this.ours.maxStreams) {
      throw new ProtocolViolation("TOO_MANY_STREAMS", `more than ${this.ours.maxStreams} streams`);
    }
    const call = this.#readCall(flags, payload);
    this.#lastStreamId = streamId;
    const stream = new DirectServerStream(this, streamId, call, this.#options.handler);
    if (!stream.closed) this.streams.set(streamId, stream);
  }

  #onCancel(streamId: number, payload: Buffer): void {
    if (payload.length > 0) throw new ProtocolViolation("BAD_PAYLOAD", "CANCEL has no payload");
    this.assertWasOpen(streamId, "CANCEL");
    this.noise();
    const stream = this.streams.get(streamId) as DirectServerStream | undefined;
    stream?.abort(cancelledByCaller);
  }

  /** @throws ProtocolViolation */
  #readCall(flags: number, payload: Buffer): OpenedCall {
    const open = readOpen(flags, payload);
    const { method, timeoutMs, sequence, sentAt } = open;
    // Streams are numbered 1, 3, 5, …; calls 1, 2, 3, …
    if (sequence !== (this.#nextStreamId + 1) / 2) {
      throw new ProtocolViolation("BAD_SEQUENCE", `call ${sequence} on stream ${this.#nextStreamId}`);
    }
    const ageMs = Date.now() - sentAt;
    return {
      path: typeof method === "string" ? method : this.#pathOf(method),
      timeoutMs: timeoutMs !== undefined && ageMs > freshForMs ? Math.max(0, timeoutMs - ageMs) : timeoutMs,
      metadata: this.#metadata.decode(open, this.ours.maxMetadataBytes),
      age: ageOf(ageMs),
    };
  }

  #pathOf(index: number): string {
    const method = this.#options.methods[index];
    if (method === undefined) throw new ProtocolViolation("BAD_METHOD", `there is no method ${index}`);
    return method.path;
  }

  get #nextStreamId(): number {
    return this.#lastStreamId === 0 ? 1 : this.#lastStreamId + 2;
  }
}

function ageOf(ms: number): CallAge {
  if (ms > freshForMs && ms < Number.POSITIVE_INFINITY) return lateCall;
  return ms >= -freshForMs ? freshCall : staleCall;
}
