import type { Metadata as GrpcMetadata, ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { Status, statusFromNumber } from "../../status.js";
import type { SecureConnection } from "../../transport/secure-connection.js";
import { cancelledByCaller } from "../cancelled-by-caller.js";
import { fixedLimits } from "../direct/limits.js";
import { envelopeKey } from "../envelope-key.js";
import { fittingOutcome, fittingText } from "../fitting-outcome.js";
import { messageTooLarge } from "../message-too-large.js";
import type { Metadata } from "../metadata.js";
import { metadataTooLarge } from "../metadata-too-large.js";
import { statusDetailsKey } from "../status-details.js";
import type { CallAge, Outcome, ServerStream, ServerStreamHandler, ServerStreamListener } from "../transport.js";
import { WriteWindow } from "../write-window.js";
import { asBuffer, fromGrpc, http2Bytes, toGrpc } from "./h2-metadata.js";
import { strictMessages } from "./strict-messages.js";

/** What a message costs beyond its bytes: without it empty ones could pile up without bound. */
const frameCostBytes = 64;

type GrpcCall = ServerInterceptingCallInterface;

/** What the headers of a call say about it. */
export interface Arriving {
  readonly path: string;
  /** As {@link ServerStream.timeoutMs}. */
  readonly timeoutMs: number | undefined;
}

/** One call of grpc-js, taken over below its unary and streaming handlers, so that no Node stream is made for it. */
export class H2ServerStream implements ServerStream {
  readonly path: string;
  readonly connection: SecureConnection;
  readonly timeoutMs: number | undefined;
  readonly #call: GrpcCall;
  readonly #sendStatus: GrpcCall["sendStatus"];
  readonly #received: GrpcMetadata;
  readonly #window = new WriteWindow();
  #requestMetadata: Metadata | undefined;
  #finished = false;

  static serve(
    { path, timeoutMs }: Arriving,
    connection: SecureConnection,
    call: GrpcCall,
    handler: ServerStreamHandler,
  ): void {
    let listener: ServerStreamListener | undefined;
    let stream: H2ServerStream | undefined;
    const abort = (outcome: Outcome) => {
      if (stream === undefined || !stream.#end()) return;
      listener?.onAbort(outcome);
    };
    if (!strictMessages(call)) {
      call.sendStatus({ code: Status.INTERNAL, details: "this version of @grpc/grpc-js cannot be served with" });
      return;
    }
    const sendStatus = call.sendStatus.bind(call);
    // grpc-js ends calls by itself: message too large, bad compression, bad timeout, deadline. What the caller then
    // hears, and what the log says, is decided in one place like everything else.
    call.sendStatus = (status) => abort(fromGrpcServer(statusFromNumber(status.code), status.details));
    call.start({
      onReceiveMetadata(received) {
        stream = new H2ServerStream({ path, timeoutMs }, connection, call, sendStatus, received);
        listener = handler(stream);
      },
      onReceiveMessage: (message: Uint8Array) => listener?.onMessage(message),
      onReceiveHalfClose: () => {
        // A client on node:http2 that cancels sends END_STREAM just before RST_STREAM. A list of requests that was cut off
        // must not pass for a whole one, so what has arrived by now is awaited: between the two turns the socket is read.
        if (listener?.streamsRequests) setImmediate(() => setImmediate(() => listener?.onHalfClose()));
        else listener?.onHalfClose();
      },
      // Fires after every call; abort() ignores it when the call has finished.
      onCancel: () => abort(cancelledByCaller),
    });
  }

  private constructor(
    { path, timeoutMs }: Arriving,
    connection: SecureConnection,
    call: GrpcCall,
    sendStatus: GrpcCall["sendStatus"],
    received: GrpcMetadata,
  ) {
    this.path = path;
    this.connection = connection;
    this.#call = call;
    this.#sendStatus = sendStatus;
    this.#received = received;
    this.timeoutMs = timeoutMs;
  }

  /** HTTP/2 carries no time; what pinwire adds is looked at by those who know the caller. */
  get age(): CallAge {
    const envelopes = this.#received.get(envelopeKey).filter((value) => typeof value !== "string");
    return { stale: undefined, envelopes };
  }

  get requestMetadata(): Metadata {
    this.#requestMetadata ??= fromGrpc(this.#received);
    return this.#requestMetadata;
  }

  read(): void {
    this.#call.startRead();
  }

  /** Larger ones node:http2 does not send, and then nothing any more on that connection. */
  sendHeader(header: Metadata): void {
    if (http2Bytes(header) > fixedLimits.maxMetadataBytes) throw metadataTooLarge("response header");
    this.#call.sendMetadata(toGrpc(header));
  }

  write(message: Uint8Array): Promise<void> | undefined {
    if (this.#finished) return undefined;
    const cost = message.length + frameCostBytes;
    const slow = this.#window.add(cost);
    this.#call.sendMessage(asBuffer(message), () => this.#window.remove(cost));
    return slow;
  }

  finish(outcome: Outcome): void {
    this.#end();
    const { status, message, trailer, details } = fittingOutcome(outcome, fixedLimits.maxMetadataBytes, http2Bytes);
    const metadata = trailer === undefined && details === undefined ? null : toGrpc(trailer);
    if (details !== undefined) metadata?.set(statusDetailsKey, asBuffer(details));
    // grpc-js percent-encodes the text with encodeURI, which throws on a lone surrogate.
    this.#sendStatus({
      code: status,
      details: fittingText(message),
      metadata,
    });
  }

  /** Whether this was the first end. */
  #end(): boolean {
    if (this.#finished) return false;
    this.#finished = true;
    this.#window.close();
    return true;
  }
}

/** What grpc-js says when a response cannot be written, which is when its caller or the connection is gone. */
const writeFailed = /^(Internal server error$|Error writing message)/;

/** What grpc-js found wrong, in our words: its own repeat what the peer sent. */
function fromGrpcServer(status: Status, details: string): Outcome {
  switch (status) {
    case Status.RESOURCE_EXHAUSTED:
      return messageTooLarge("request");
    case Status.DEADLINE_EXCEEDED:
      return { status, message: "the deadline of the call has passed" };
    case Status.UNIMPLEMENTED:
      return { status, message: "the request is compressed in a way this server does not know" };
    default:
      if (writeFailed.test(details)) return cancelledByCaller;
      return {
        status: Status.INTERNAL,
        message: "the request is not valid gRPC",
        code: "ERR_MESSAGE_MALFORMED",
        cause: details,
      };
  }
}
