import type { Channel, StatusObject } from "@grpc/grpc-js";
import { Status, statusFromNumber } from "../../status.js";
import { connectionLost } from "../connection-lost.js";
import { envelopeKey } from "../envelope-key.js";
import { messageTooLarge } from "../message-too-large.js";
import { statusDetailsKey } from "../status-details.js";
import type { ClientRequest, ClientStream, ClientStreamListener, Outcome } from "../transport.js";
import { WriteWindow } from "../write-window.js";
import { asBuffer, fromGrpc, toGrpc } from "./h2-metadata.js";

type GrpcCall = ReturnType<Channel["createCall"]>;

export interface H2ClientStreamHandlers {
  /** Says when the call was sent, and which one it is. */
  readonly envelope: Buffer;
  /** May say more about a failure than grpc-js does. */
  explain(outcome: Outcome): Outcome;
  /** The call is about to end, on whichever side. */
  onOver(): void;
}

/** One call of grpc-js, used below its client and its streams. */
export class H2ClientStream implements ClientStream {
  readonly #call: GrpcCall;
  /** grpc-js holds one message until the call has found its connection; a second would replace it. */
  readonly #window = new WriteWindow(1);
  readonly #above: H2ClientStreamHandlers;
  #ended = false;

  constructor(call: GrpcCall, request: ClientRequest, listener: ClientStreamListener, above: H2ClientStreamHandlers) {
    this.#call = call;
    this.#above = above;
    const sent = toGrpc(request.metadata);
    sent.set(envelopeKey, above.envelope);
    call.start(sent, {
      onReceiveMetadata: (metadata) => {
        if (!this.#ended) listener.onHeader(fromGrpc(metadata));
      },
      onReceiveMessage: (message: Uint8Array) => {
        if (!this.#ended) listener.onMessage(message);
      },
      onReceiveStatus: (status) => {
        if (this.#end()) listener.onEnd(above.explain(outcomeOf(status)));
      },
    });
  }

  read(): void {
    this.#call.startRead();
  }

  write(message: Uint8Array, last = false): Promise<void> | undefined {
    if (this.#ended) return undefined;
    const slow = this.#window.add(1);
    this.#call.sendMessageWithContext({ callback: () => this.#window.remove(1) }, asBuffer(message));
    if (last) this.#call.halfClose();
    return slow;
  }

  halfClose(): void {
    if (!this.#ended) this.#call.halfClose();
  }

  cancel(): void {
    if (!this.#end()) return;
    this.#cancelCall();
    // A cancellation a few promises after the start, before grpc-js has given the call to a connection, only ends it on this
    // side (ResolvingCall.getConfig in 1.14.7): it would still be sent, and run at the server until its deadline.
    setImmediate(() => this.#cancelCall());
  }

  #cancelCall(): void {
    this.#call.cancelWithStatus(Status.CANCELLED, "cancelled by the caller");
  }

  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#window.close();
    this.#above.onOver();
    return true;
  }
}

function outcomeOf({ code, details, metadata }: Partial<StatusObject> & Pick<StatusObject, "metadata">): Outcome {
  // What fails a filter of grpc-js, which is a response that cannot be decompressed, may come without a status of any kind.
  if (code === undefined) return undecodable;
  const status = statusFromNumber(code);
  const trailer = fromGrpc(metadata);
  const encoded = metadata.get(statusDetailsKey)[0];
  return {
    status,
    ...reasonOf(status, details ?? ""),
    ...(trailer.size > 0 && { trailer }),
    ...(typeof encoded === "object" && { details: encoded }),
  };
}

const undecodable: Outcome = {
  status: Status.INTERNAL,
  message: "the response is compressed in a way this side does not know",
  code: "ERR_MESSAGE_MALFORMED",
};

/** The server's words, but for the failures that grpc-js finds itself and describes in its own terms. */
function reasonOf(status: Status, details: string): Pick<Outcome, "message" | "code"> {
  if (status === Status.UNAVAILABLE && details === "Connection dropped") {
    return connectionLost();
  }
  if (status === Status.DEADLINE_EXCEEDED && details.startsWith("Deadline exceeded"))
    return { message: "the deadline of the call has passed" };
  if (status === Status.RESOURCE_EXHAUSTED && details.startsWith("Received message larger than max")) {
    return messageTooLarge("response");
  }
  return { message: details };
}
