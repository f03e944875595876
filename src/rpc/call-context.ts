import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { SpiffeId } from "../identity/spiffe-id.js";
import type { PeerIdentity } from "../identity/verify-peer.js";
import type { ContextValues } from "./context-values.js";
import type { Metadata } from "./metadata.js";

/** One call, as interceptors and handlers see it. What costs something is made on first use. */
export interface CallContext {
  /** On which side of the call this is. */
  readonly side: "client" | "server";
  /** The descriptor; `method.parent.typeName` and `method.name` are its full name. */
  readonly method: DescMethod;
  /** The other side. On a client: the only server the channel accepts. */
  readonly peer: { readonly id: SpiffeId };
  /** When the call has to be over. */
  readonly deadline: Date;
  /** What is left until then, by a clock that never jumps; 0 when nothing is. */
  remainingMs(): number;
  /** Fires when the call is cancelled, its deadline passes or its connection ends. Not when it succeeds. */
  readonly signal: AbortSignal;
  /** On a client, what is set before `next()` is sent. */
  readonly requestMetadata: Metadata;
  /** On a server, what is set before the first response is sent. */
  readonly responseHeader: Metadata;
  /** On a server, what is sent with the status, at the end. */
  readonly responseTrailer: Metadata;
  /** What interceptors and the handler tell each other; see `contextKey()`. */
  readonly values: ContextValues;
  /** Shows the hook each decoded request message on its way. A throw ends the call. */
  onRequestMessage(hook: (message: Message) => void): void;
  /** Shows the hook each response message on its way. A throw ends the call. */
  onResponseMessage(hook: (message: Message) => void): void;
}

/** What a handler is given. */
export interface HandlerContext extends CallContext {
  readonly side: "server";
  /** The verified caller. */
  readonly peer: PeerIdentity;
  /** Sends the header now instead of with the first response. */
  sendHeader(): void;
}
