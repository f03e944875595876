import { Status } from "../../status.js";
import type { SecureConnection } from "../../transport/secure-connection.js";
import { fittingOutcome } from "../fitting-outcome.js";
import { Metadata } from "../metadata.js";
import { metadataTooLarge } from "../metadata-too-large.js";
import type { CallAge, Outcome, ServerStream, ServerStreamHandler, ServerStreamListener } from "../transport.js";
import type { DirectServerLink } from "./direct-server-link.js";
import { DirectStream } from "./direct-stream.js";
import { encodeEnd, endMetadataBytes } from "./end-frame.js";
import { frameTypes } from "./frame.js";
import { encodeMetadata } from "./metadata-block.js";
import { type MessageRefusal, refusedMessage, tooLargeForPeer } from "./refused-message.js";

/** What OPEN says, and what it means here. */
export interface OpenedCall {
  readonly path: string;
  readonly timeoutMs: number | undefined;
  readonly metadata: Metadata | undefined;
  readonly age: CallAge;
}

/** One call on the server's end of a direct connection. */
export class DirectServerStream extends DirectStream implements ServerStream {
  readonly path: string;
  readonly timeoutMs: number | undefined;
  readonly age: CallAge;
  readonly #listener: ServerStreamListener;
  #requestMetadata: Metadata | undefined;
  /** How the call ended, when messages before that are still on their way out. */
  #outcome: Outcome | undefined;

  constructor(link: DirectServerLink, id: number, open: OpenedCall, handler: ServerStreamHandler) {
    super(link, id);
    this.path = open.path;
    this.timeoutMs = open.timeoutMs;
    this.age = open.age;
    this.#requestMetadata = open.metadata;
    this.#listener = handler(this);
  }

  get connection(): SecureConnection {
    return this.link.connection;
  }

  get requestMetadata(): Metadata {
    this.#requestMetadata ??= new Metadata();
    return this.#requestMetadata;
  }

  sendHeader(header: Metadata): void {
    if (this.closed) return;
    const block = encodeMetadata(header);
    if (block.length > this.link.theirs.maxMetadataBytes) throw metadataTooLarge("response header");
    this.link.sendBlock(frameTypes.header, this.id, block);
  }

  /** @throws RpcError RESOURCE_EXHAUSTED `ERR_MESSAGE_TOO_LARGE` */
  write(message: Uint8Array): Promise<void> | undefined {
    if (!this.fitsPeer(message)) throw tooLargeForPeer("response", message.length, this.link.theirs.maxMessageBytes);
    return this.send(message, false);
  }

  finish(outcome: Outcome): void {
    if (this.closed || this.#outcome !== undefined) return;
    // A success ends after its last message; a failure does not wait for a caller that reads slowly.
    if (outcome.status === Status.OK && this.sending) {
      this.#outcome = outcome;
      return;
    }
    this.#end(outcome);
  }

  /** The caller has cancelled, or the connection is gone: nobody hears an answer. */
  abort(outcome: Outcome): void {
    if (this.closed) return;
    this.close();
    this.#listener.onAbort(outcome);
  }

  protected override onMessage(message: Buffer): void {
    this.#listener.onMessage(message);
  }

  protected override onRemoteEnd(): void {
    this.#listener.onHalfClose();
  }

  override onSent(): void {
    if (this.#outcome !== undefined) this.#end(this.#outcome);
  }

  override onCredit(): void {
    // Responses wait for credit in the link's queue.
  }

  protected override onRefused(reason: MessageRefusal): void {
    const outcome = refusedMessage("request", reason);
    this.#listener.onAbort(outcome);
    // Also when a success waits for its last message to leave: otherwise the stream would stay, and grow.
    if (!this.closed) this.#end(outcome);
  }

  #end(outcome: Outcome): void {
    const fitting = fittingOutcome(outcome, this.link.theirs.maxMetadataBytes, endMetadataBytes);
    this.link.sendBlock(frameTypes.end, this.id, encodeEnd(fitting));
    this.close();
    this.link.earn();
  }
}
