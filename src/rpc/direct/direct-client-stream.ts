import { Status } from "../../status.js";
import type { DeferredClientStream } from "../deferred-client-stream.js";
import { keep } from "../lent-block.js";
import { outcomeOfFailure } from "../refused-stream.js";
import type { ClientRequest, ClientStream, ClientStreamListener, Outcome } from "../transport.js";
import type { DirectClientLink } from "./direct-client-link.js";
import { DirectStream } from "./direct-stream.js";
import { decodeEnd } from "./end-frame.js";
import { dataFlags, frameTypes } from "./frame.js";
import { decodeMetadata } from "./metadata-block.js";
import { type MessageRefusal, refusedMessage, tooLargeForPeer } from "./refused-message.js";
import { ProtocolViolation } from "./violation.js";

/** What a stream is opened for. */
export interface OpenedCall {
  readonly request: ClientRequest;
  readonly listener: ClientStreamListener;
  /** On the clock of `Date.now()`, as OPEN says it. */
  readonly openedAt: number;
}

/** One call on the client's end of a direct connection. */
export class DirectClientStream extends DirectStream implements ClientStream {
  readonly #link: DirectClientLink;
  readonly #listener: ClientStreamListener;
  readonly #request: ClientRequest;
  /** On the clock of `Date.now()`. */
  readonly #openedAt: number;
  /** What was sent, as long as the server may still say that it never began the call. At most a window full. */
  #replay: { messages: Uint8Array[]; last: boolean } | undefined = { messages: [], last: false };
  /** The stream that the call goes on with, when it began anew on another connection. */
  #successor: ClientStream | undefined;
  #outcome: Outcome | undefined;
  /** HEADER comes at most once, before all messages. */
  #mayHaveHeader = true;
  #localEnded = false;
  #endAfterMessage = false;

  constructor(link: DirectClientLink, id: number, { request, listener, openedAt }: OpenedCall) {
    super(link, id);
    this.#link = link;
    this.#request = request;
    this.#listener = listener;
    this.#openedAt = openedAt;
  }

  write(message: Uint8Array, last = false): Promise<void> | undefined {
    if (this.#successor !== undefined) return this.#successor.write(message, last);
    if (this.#localEnded || this.closed) return undefined;
    if (!this.fitsPeer(message)) {
      this.cancel();
      this.#listener.onEnd(
        outcomeOfFailure(tooLargeForPeer("request", message.length, this.link.theirs.maxMessageBytes)),
      );
      return undefined;
    }
    this.#localEnded = last;
    if (this.#replay !== undefined) {
      keep(message);
      this.#replay.messages.push(message);
      this.#replay.last = last;
    }
    return this.send(message, last);
  }

  halfClose(): void {
    if (this.#successor !== undefined) {
      this.#successor.halfClose();
      return;
    }
    if (this.#localEnded || this.closed) return;
    this.#localEnded = true;
    if (this.#replay !== undefined) this.#replay.last = true;
    if (this.sending) this.#endAfterMessage = true;
    else this.#sendEnd();
  }

  cancel(): void {
    this.#successor?.cancel();
    if (this.closed) return;
    this.#link.sendCancel(this.id);
    this.close();
  }

  override get peerMaySend(): boolean {
    return this.#outcome === undefined;
  }

  override onCredit(): void {
    // Credit is for messages that were taken: the call has begun, and what was sent need not be kept.
    this.#replay = undefined;
  }

  override onSent(): void {
    if (this.#endAfterMessage && !this.closed) this.#sendEnd();
  }

  /** Whether the server has shown that it knows of the call. */
  get begun(): boolean {
    return this.#replay === undefined;
  }

  /** HEADER or END. @throws ProtocolViolation */
  receiveFrame(type: number, payload: Buffer): void {
    this.#replay = undefined;
    if (this.#outcome !== undefined)
      throw new ProtocolViolation("DATA_AFTER_END", `a frame after END on stream ${this.id}`);
    if (type === frameTypes.header) this.#receiveHeader(payload);
    else this.#receiveEnd(payload);
  }

  override receive(flags: number, part: Buffer, complete: boolean, cost: number): void {
    this.#replay = undefined;
    this.#mayHaveHeader = false;
    if (this.#outcome !== undefined)
      throw new ProtocolViolation("DATA_AFTER_END", `DATA after END on stream ${this.id}`);
    if ((flags & (dataFlags.last | dataFlags.none)) !== 0) {
      throw new ProtocolViolation("BAD_FLAGS", "a server ends a stream with END");
    }
    super.receive(flags, part, complete, cost);
  }

  override read(): void {
    if (this.#successor !== undefined) {
      this.#successor.read();
      return;
    }
    super.read();
    if (this.#outcome !== undefined && this.drained) this.#deliverEnd(this.#outcome);
  }

  /** The connection is gone, or leaves without this call. */
  fail(outcome: Outcome): void {
    // A call that has come to its end is good, though its last messages are still to be read.
    if (this.closed || this.#outcome !== undefined) return;
    this.close();
    this.#listener.onEnd(outcome);
  }

  /**
   * The server has said that it never began the call: it begins anew on the stream that `open` makes. Once, as gRPC's
   * transparent retry (gRFC A6): a server that always says so must not keep us busy.
   */
  beginAnew(open: (request: ClientRequest, listener: ClientStreamListener) => DeferredClientStream): void {
    const replay = this.#replay;
    if (replay === undefined || this.closed) return;
    if (this.#request.begunAnew) {
      this.fail({
        status: Status.UNAVAILABLE,
        message: "twice a server has left before it began the call",
        code: "ERR_SHUTTING_DOWN",
      });
      return;
    }
    const wanted = this.wanted;
    this.close();
    // What the clock says is bounded: it may have been set meanwhile.
    const elapsedMs = Math.max(0, Date.now() - this.#openedAt);
    const successor = open(
      { ...this.#request, timeoutMs: Math.max(1, this.#request.timeoutMs - elapsedMs), begunAnew: true },
      this.#listener,
    );
    this.#successor = successor;
    for (const message of replay.messages) void successor.write(message);
    if (replay.last) successor.halfClose();
    if (wanted) successor.read();
  }

  protected override onMessage(message: Buffer): void {
    this.#listener.onMessage(message);
  }

  protected override onRemoteEnd(): void {
    // A server's stream ends with END.
  }

  protected override onRefused(reason: MessageRefusal): void {
    this.cancel();
    this.#listener.onEnd(refusedMessage("response", reason));
  }

  #receiveHeader(payload: Buffer): void {
    if (!this.#mayHaveHeader) {
      throw new ProtocolViolation("UNEXPECTED_FRAME", `a second HEADER, or one after a message, on stream ${this.id}`);
    }
    this.#mayHaveHeader = false;
    this.#listener.onHeader(decodeMetadata(payload, this.link.ours.maxMetadataBytes));
  }

  #receiveEnd(payload: Buffer): void {
    const outcome = decodeEnd(payload, this.link.ours.maxMetadataBytes);
    if (outcome.status === Status.OK && this.inMessage) {
      throw new ProtocolViolation("BAD_PAYLOAD", `stream ${this.id} ends well in the middle of a message`);
    }
    this.#outcome = outcome;
    // Messages that nobody has asked for yet come before the end.
    if (this.drained) this.#deliverEnd(outcome);
  }

  #sendEnd(): void {
    this.link.sendEndOfMessages(this.id);
  }

  #deliverEnd(outcome: Outcome): void {
    if (this.closed) return;
    this.close();
    this.link.earn();
    this.#listener.onEnd(outcome);
  }
}
