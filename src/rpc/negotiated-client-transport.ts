import { performance } from "node:perf_hooks";
import { PeerError, RpcError } from "../errors.js";
import { protocols, protocolsOf, type TransportName } from "../transport/protocols.js";
import type { SecureConnection } from "../transport/secure-connection.js";
import { asPeerError } from "./as-peer-error.js";
import { ConnectBackoff } from "./connect-backoff.js";
import { DeferredClientStream } from "./deferred-client-stream.js";
import type { Dialer } from "./dialer.js";
import { DirectClientLink } from "./direct/direct-client-link.js";
import type { DirectClientStream } from "./direct/direct-client-stream.js";
import { fixedLimits } from "./direct/limits.js";
import type { ProtocolViolation } from "./direct/violation.js";
import type { H2ClientTransport } from "./h2/h2-client-transport.js";
import { outcomeOfFailure, refusedStream } from "./refused-stream.js";
import type { ClientRequest, ClientStream, ClientStreamListener, ClientTransport } from "./transport.js";

export interface NegotiatedClientOptions {
  readonly transports: readonly TransportName[];
  readonly maxMessageBytes: number;
  readonly handshakeTimeoutMs: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  /** The direct transport was offered, and the server does not speak it. */
  onFallback(): void;
  /** The server broke the protocol; its connection has ended. */
  onViolation(connection: SecureConnection, violation: ProtocolViolation): void;
  /** The server says that this side broke the direct protocol; the connection has ended. */
  onAccused?(connection: SecureConnection, violation: string, words: string): void;
  /** In milliseconds, by a clock that never jumps. @default performance.now */
  readonly now?: () => number;
}

/** How long a server that chose h2 is taken to know nothing else. */
const rememberFallbackMs = 60_000;

/** Calls over the direct transport, or over HTTP/2 when the server knows nothing else. */
export class NegotiatedClientTransport implements ClientTransport {
  readonly #dialer: Dialer;
  readonly #options: NegotiatedClientOptions;
  readonly #now: () => number;
  readonly #backoff = new ConnectBackoff();
  /** Calls that wait for a connection, or for room on it, in their order. */
  readonly #waiting = new Set<DeferredClientStream>();
  #link: DirectClientLink | undefined;
  /** Also those that are not usable yet, or not any more. */
  readonly #connections = new Set<SecureConnection>();
  readonly #dialing = new AbortController();
  #connecting = false;
  #closed = false;
  #h2: H2ClientTransport | undefined;
  #h2Until: number;

  constructor(dialer: Dialer, options: NegotiatedClientOptions) {
    this.#dialer = dialer;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#h2Until = options.transports.includes("direct") ? 0 : Number.POSITIVE_INFINITY;
  }

  get protocol(): string | undefined {
    return this.#link?.connection.protocol ?? this.#h2?.protocol;
  }

  get backoffMs(): number {
    return this.#link === undefined && this.#usesH2 && this.#h2 !== undefined
      ? this.#h2.backoffMs
      : this.#backoff.remainingMs;
  }

  open(request: ClientRequest, listener: ClientStreamListener): ClientStream {
    const link = this.#link;
    if (link !== undefined && this.#waiting.size === 0 && link.hasRoom) return this.#begin(link, request, listener);
    if (link === undefined && this.#usesH2 && this.#h2 !== undefined) return this.#h2.open(request, listener);
    const blocked = link === undefined ? this.#backoff.blocked : undefined;
    if (blocked !== undefined) return refusedStream(blocked, listener);
    return this.#defer(request, listener);
  }

  close(): void {
    this.#closed = true;
    this.#dialing.abort(new PeerError("ERR_CONNECT_FAILED", "the channel was closed"));
    for (const connection of this.#connections) connection.destroy(new Error("the channel was closed"));
    this.#h2?.close();
  }

  get #usesH2(): boolean {
    // A connection that works is not given up to look for a better one.
    return this.#now() < this.#h2Until || this.#h2?.protocol !== undefined;
  }

  #defer(request: ClientRequest, listener: ClientStreamListener): DeferredClientStream {
    const call = new DeferredClientStream(request, listener, () => this.#waiting.delete(call));
    this.#waiting.add(call);
    this.#connectWhereNeeded();
    return call;
  }

  #connectWhereNeeded(): void {
    if (this.#waiting.size === 0 || this.#link !== undefined || this.#connecting || this.#closed) return;
    void this.#connect();
  }

  async #connect(): Promise<void> {
    this.#connecting = true;
    try {
      if (this.#usesH2) await this.#loadH2();
      else await this.#adopt(await this.#dialer.dial(protocolsOf(this.#options.transports), this.#dialing.signal));
    } catch (error) {
      this.#fail(asPeerError(error));
    }
  }

  async #adopt(connection: SecureConnection): Promise<void> {
    if (this.#closed) connection.destroy(new Error("the channel was closed"));
    else if (connection.protocol === protocols.direct) this.#adoptDirect(connection);
    else {
      // grpc-js makes its connections itself; this one has told what there was to learn.
      connection.destroy(new Error("the server speaks h2"));
      this.#h2Until = this.#now() + rememberFallbackMs;
      this.#options.onFallback();
      await this.#loadH2();
    }
  }

  #adoptDirect(connection: SecureConnection): void {
    const { maxMessageBytes, handshakeTimeoutMs, keepaliveTimeMs, keepaliveTimeoutMs } = this.#options;
    let ready = false;
    let retired = false;
    this.#connections.add(connection);
    connection.onClose(() => this.#connections.delete(connection));
    const link = new DirectClientLink({
      connection,
      // A client takes calls from nobody; maxStreams has no meaning there, but must be one.
      limits: { ...fixedLimits, maxMessageBytes, maxStreams: 1 },
      helloTimeoutMs: handshakeTimeoutMs,
      keepaliveTimeMs,
      keepaliveTimeoutMs,
      onReady: () => {
        ready = true;
        this.#backoff.succeeded();
        if (retired) return;
        this.#connecting = false;
        this.#link = link;
        this.#beginWaiting();
      },
      onRoom: () => this.#beginWaiting(),
      onAccused: (violation, words) => this.#options.onAccused?.(connection, violation, words),
      onViolation: (violation) => this.#options.onViolation(connection, violation),
      onLeaving: (notBegun) => this.#leave(link, notBegun),
      onGone: (reason) => {
        // A connection that ends before it was of use is a failure to connect.
        if (ready || retired) this.#leave(link, []);
        else this.#fail(reason);
      },
    });
    connection.onRetire(() => {
      // Before HELLO too: the credentials may change while a connection is being made with the old ones.
      retired = true;
      if (!ready) this.#connecting = false;
      this.#leave(link, []);
      link.leave();
    });
  }

  /** No new calls on this connection; those that it never began, and those that wait for room on it, go to the next. */
  #leave(link: DirectClientLink, notBegun: readonly DirectClientStream[]): void {
    if (this.#link === link) this.#link = undefined;
    for (const stream of notBegun) stream.beginAnew((request, listener) => this.#defer(request, listener));
    this.#connectWhereNeeded();
  }

  async #loadH2(): Promise<void> {
    if (this.#h2 === undefined) {
      // A process whose servers all speak the direct transport never loads grpc-js.
      const { H2ClientTransport } = await import("./h2/h2-client-transport.js");
      this.#h2 = new H2ClientTransport(this.#h2Dialer(), this.#options);
      if (this.#closed) this.#h2.close();
    }
    this.#connecting = false;
    const h2 = this.#h2;
    for (const call of this.#takeWaiting()) call.attach((request, listener) => h2.open(request, listener));
  }

  /** A server that cannot be reached over HTTP/2 any more may have a successor that speaks something else. */
  #h2Dialer(): Dialer {
    const orForget = async <T>(attempt: Promise<T>): Promise<T> => {
      try {
        return await attempt;
      } catch (error) {
        if (this.#options.transports.includes("direct")) this.#h2Until = 0;
        throw error;
      }
    };
    return {
      ...this.#dialer,
      check: () => orForget(this.#dialer.check()),
      secure: (raw, protocols) => orForget(this.#dialer.secure(raw, protocols)),
    };
  }

  #beginWaiting(): void {
    const link = this.#link;
    for (const call of this.#waiting) {
      if (link === undefined || !link.hasRoom) return;
      this.#waiting.delete(call);
      call.attach((request, listener) => this.#begin(link, request, listener));
    }
  }

  /** The first call of a method that the two ends do not mean alike waits until it is known whether that matters. */
  #begin(link: DirectClientLink, request: ClientRequest, listener: ClientStreamListener): ClientStream {
    const { method } = request;
    if (method === undefined || link.schemas.agrees(method)) return openOn(link, request, listener);
    const call = new DeferredClientStream(request, listener, () => {});
    void link.schemas.verdict(method).then((outcome) => {
      // There may be no room on the link by now, or another link.
      if (outcome === undefined) call.attach((request, listener) => this.open(request, listener));
      else call.fail((listener) => listener.onEnd(outcome));
    });
    return call;
  }

  #fail(reason: PeerError): void {
    this.#connecting = false;
    this.#backoff.failed(reason);
    const outcome = outcomeOfFailure(reason);
    for (const call of this.#takeWaiting()) call.fail((listener) => listener.onEnd(outcome));
  }

  #takeWaiting(): DeferredClientStream[] {
    const calls = [...this.#waiting];
    this.#waiting.clear();
    return calls;
  }
}

function openOn(link: DirectClientLink, request: ClientRequest, listener: ClientStreamListener): ClientStream {
  try {
    link.connection.assertTrusted();
    return link.open(request, listener);
  } catch (error) {
    // Whoever waited for the connection hears it as an outcome, not as a throw out of the connection's events.
    if (error instanceof PeerError || error instanceof RpcError) return refusedStream(error, listener);
    throw error;
  }
}
