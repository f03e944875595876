import type { DescMethod } from "@bufbuild/protobuf";
import type { ErrorCode, NoRetryReason } from "../errors.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import type { Status } from "../status.js";
import type { SecureConnection } from "../transport/secure-connection.js";
import type { Metadata } from "./metadata.js";

/**
 * What lies between the call pipeline and the bytes on a verified connection. The pipeline knows only these interfaces;
 * `rpc/direct/` and
 * `rpc/h2/` implement them. Messages are encoded protobuf, without framing.
 *
 * Reading is by credit: a listener is given one message for each `read()`, so that whoever is slow is not flooded.
 */

/** How a call ended. `message` is what travels; `trailer` is absent when it is empty. */
export interface Outcome {
  readonly status: Status;
  readonly message: string;
  readonly trailer?: Metadata;
  /** What travels as `grpc-status-details-bin`: an encoded google.rpc.Status. Only of a call that failed. */
  readonly details?: Uint8Array;
  /** Set when this side knows more than the status, for example that the message was too large. */
  readonly code?: ErrorCode;
  readonly cause?: unknown;
  /** Client: there was no connection to send the call on, so it is safe to send it again whatever it does. */
  readonly neverSent?: boolean;
  /** Client: how often the call was sent; once when it is not said. */
  readonly attempts?: number;
  /** Client: why it was not sent once more. */
  readonly notRetried?: NoRetryReason;
  /** Server: when the caller may try again; negative for never. */
  readonly retryPushbackMs?: number;
}

// Server

/** What is known of when a call was sent. */
export interface CallAge {
  /** Whether it was so long ago that it may be a replay; undefined when the transport cannot tell. */
  readonly stale: boolean | undefined;
  /** Whether that is because it was long on its way, which its timeout accounts for. */
  readonly late?: true;
  /** What the caller says of it then: the values of `pinwire-envelope-bin`. */
  readonly envelopes: readonly Uint8Array[];
}

/** Known to the transport: nothing is left to check. */
export const freshCall: CallAge = { stale: false, envelopes: [] };
export const staleCall: CallAge = { stale: true, envelopes: [] };
export const lateCall: CallAge = { stale: true, late: true, envelopes: [] };

/** One call, as a server's transport presents it. Nothing of the request has been decoded yet. */
export interface ServerStream {
  /** `/package.Service/Method`, exactly as it arrived. */
  readonly path: string;
  readonly connection: SecureConnection;
  /** How old it is. */
  readonly age: CallAge;
  /** What the caller asked for; undefined when it did not say, NaN when what it said is no time. */
  readonly timeoutMs: number | undefined;
  /** Made on first use. */
  readonly requestMetadata: Metadata;
  /** Asks for one more message (or the half-close). */
  read(): void;
  sendHeader(header: Metadata): void;
  /** Returns a promise when the peer is slow: write the next message after it settles. */
  write(message: Uint8Array): Promise<void> | undefined;
  /** Ends the call; whatever is sent later is discarded. */
  finish(outcome: Outcome): void;
}

export interface ServerStreamListener {
  /** Whether there may be more than one request, so that the half-close says something by itself. */
  readonly streamsRequests: boolean;
  onMessage(message: Uint8Array): void;
  onHalfClose(): void;
  /** The call ended from below: the peer cancelled, the connection broke, or a limit of the transport was exceeded. */
  onAbort(outcome: Outcome): void;
}

/** Called once per call, before anything is read. */
export type ServerStreamHandler = (stream: ServerStream) => ServerStreamListener;

export interface ServerTransport {
  /** Takes over a verified connection. */
  accept(connection: SecureConnection): void;
  /** Tells all peers to send no new calls; calls under way go on. */
  drain(): void;
  /** Ends everything at once. */
  close(): void;
}

// Client

export interface ClientRequest {
  readonly path: string;
  /** What the client takes the method for; without it nobody compares schemas. */
  readonly method?: DescMethod;
  readonly timeoutMs: number;
  /** The same on the clock of `performance.now()`. */
  readonly deadlineAt: number;
  readonly metadata: Metadata;
  /** Whether the call waits for a connection until its deadline, instead of failing when none can be made. */
  readonly waitForReady: boolean;
  /** Whether a server has had the call before and never began it. */
  readonly begunAnew?: boolean;
}

/** What became of the attempts before the present one. */
export interface AttemptHistory {
  /** How often the call was sent. */
  readonly attempts: number;
  /** How the last attempt that has ended did so. */
  readonly last: Outcome | undefined;
}

export interface ClientStream {
  /** Of a call that may be sent more than once; undefined before an attempt has failed. */
  readonly history?: AttemptHistory | undefined;
  read(): void;
  /** Returns a promise when the peer is slow: write the next message after it settles. `last` half-closes as well. */
  write(message: Uint8Array, last?: boolean): Promise<void> | undefined;
  halfClose(): void;
  /** Ends the call without waiting for the server; the listener hears no more. */
  cancel(): void;
}

export interface ClientStreamListener {
  onHeader(header: Metadata): void;
  onMessage(message: Uint8Array): void;
  /** Always the last event, exactly once, unless the call was cancelled by this side. */
  onEnd(outcome: Outcome): void;
}

export interface ClientTransport {
  /** What the connection speaks, as ALPN names it; undefined when there is none. */
  readonly protocol: string | undefined;
  /** How long no connection will be attempted, because the last attempt failed; 0 when one may be. */
  readonly backoffMs: number;
  /** Starts a call, connecting first where needed. */
  open(request: ClientRequest, listener: ClientStreamListener): ClientStream;
  /** Cancels what is under way and closes the connection. */
  close(): void;
}

/** The only server a channel accepts. */
export interface ExpectedPeer {
  readonly id: SpiffeId;
}
