import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { CredentialState } from "../credentials/credential-state.js";
import { defaults } from "../defaults.js";
import { type CodedError, isCodedError, UsageError } from "../errors.js";
import { newReference } from "../reference.js";
import type { Source } from "../source.js";
import type { Address } from "./address.js";
import { Admission, type ConnectionLimits } from "./admission.js";
import { passGate } from "./gate.js";
import { GuardedConnection } from "./guarded-connection.js";
import { handshakeError } from "./handshake-error.js";
import { acceptFailed, allTaken, tooManyOfOne, unusableCredentials } from "./listener-errors.js";
import { OpenSockets } from "./open-sockets.js";
import { type HandshakeSteps, PendingHandshake } from "./pending-handshake.js";
import { type ConnectionRefusal, RefusalReports } from "./refusal-reports.js";
import { refuse } from "./refuse.js";
import type { SecureConnection } from "./secure-connection.js";
import { shuttingDown } from "./shutting-down.js";
import { listenSocket, type SocketListener } from "./socket-listener.js";
import { serverTlsOptions } from "./tls-options.js";

export type { ConnectionRefusal } from "./refusal-reports.js";

export interface SecureListenerOptions {
  readonly credentials: Source<CredentialState>;
  /** In order of preference; see {@link protocols}. */
  readonly protocols: readonly string[];
  readonly limits: ConnectionLimits;
  onConnection(connection: SecureConnection): void;
  /** A handshake begins. */
  onHandshake?(): void;
  /** At most about ten times a second; what is more comes as one report with the numbers. */
  onRefused(refusal: ConnectionRefusal): void;
  readonly now?: () => number;
  /** How long a retired connection may finish its calls. @default 10_000 */
  readonly retireGraceMs?: number;
}

/** The way from `accept()` to a verified connection. */
export interface SecureListener {
  /** May be called more than once, with different addresses. @throws ConfigError as `listenSocket` */
  listen(address: Address): Promise<void>;
  /** Takes a connection that came in another way than by an address. @throws UsageError ERR_SERVER_CLOSED */
  take(raw: Duplex): void;
  /** Gives the addresses up. Connections go on, handshakes do not. */
  stopAccepting(): Promise<void>;
  /** Ends everything and waits until it has ended. */
  close(): Promise<void>;
  readonly connections: ReadonlySet<SecureConnection>;
}

export function createSecureListener(options: SecureListenerOptions): SecureListener {
  return new TlsListener(options);
}

class TlsListener implements SecureListener {
  readonly connections = new Set<SecureConnection>();
  readonly #options: SecureListenerOptions;
  readonly #now: () => number;
  readonly #tls: Server;
  readonly #subscription: Disposable;
  readonly #admission: Admission;
  readonly #reports: RefusalReports;
  readonly #listeners: SocketListener[] = [];
  readonly #sockets = new OpenSockets();
  /** Connections without a verdict yet. Whoever takes one out gives the verdict, so there is only one. */
  readonly #pending = new Map<Socket, PendingHandshake>();
  /** The credentials that the TLS server has; undefined when it could not take the latest. */
  #state: CredentialState | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: SecureListenerOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#admission = new Admission(options.limits);
    this.#reports = new RefusalReports(options.onRefused);
    this.#state = options.credentials.current();
    // It never listens: sockets are handed to it, and it hands them back when TLS is done.
    this.#tls = createServer(serverTlsOptions(this.#state, options.protocols));
    this.#tls.on("secureConnection", (socket) => this.#decide(socket));
    this.#tls.on("tlsClientError", (error, socket) => this.#fail(rawSocketOf(socket), handshakeError(error)));
    this.#subscription = options.credentials.onChange((state) => this.#renew(state));
  }

  async listen(address: Address): Promise<void> {
    this.#requireOpen();
    const listener = await listenSocket(address, {
      onSocket: (raw) => this.#accept(raw),
      onError: (cause) => this.#report(acceptFailed(address, cause)),
    });
    this.#listeners.push(listener);
    if (this.#stopping === undefined) return;
    await listener.close();
    this.#requireOpen();
  }

  take(raw: Duplex): void {
    this.#requireOpen();
    // What is done with it needs no more than any stream has, but for the count of bytes, which stays unknown.
    this.#accept(raw as Socket);
  }

  stopAccepting(): Promise<void> {
    this.#stopping ??= Promise.all(this.#listeners.map((listener) => listener.close())).then(() => {});
    for (const [raw, handshake] of this.#pending) {
      this.#pending.delete(raw);
      handshake[Symbol.dispose]();
      raw.destroy();
    }
    return this.#stopping;
  }

  async close(): Promise<void> {
    const stopped = this.stopAccepting();
    this.#subscription[Symbol.dispose]();
    for (const connection of this.connections) connection.destroy(shuttingDown());
    await this.#sockets.destroy();
    await stopped;
    this.#reports.flush();
  }

  #requireOpen(): void {
    if (this.#stopping === undefined) return;
    throw new UsageError("ERR_SERVER_CLOSED", "this listener was closed; make a new one");
  }

  #accept(raw: Socket): void {
    raw.on("error", () => {});
    if (this.#stopping !== undefined) {
      raw.destroy();
      return;
    }
    const place = this.#admission.enter();
    if (place === undefined) {
      raw.destroy();
      this.#report(allTaken(this.#options.limits.maxConnections));
      return;
    }
    this.#sockets.add(raw);
    this.#options.onHandshake?.();
    raw.once("close", () => place[Symbol.dispose]());
    const steps: HandshakeSteps = {
      begin: () => this.#begin(raw),
      fail: (fault) => this.#fail(raw, fault),
    };
    this.#pending.set(raw, new PendingHandshake(raw, this.#admission, this.#options.limits.handshakeTimeoutMs, steps));
  }

  #begin(raw: Socket): CredentialState {
    if (this.#state === undefined) throw new Error("the TLS server could not take the latest credentials");
    this.#tls.emit("connection", raw);
    return this.#state;
  }

  #fail(raw: Socket | undefined, fault?: CodedError): void {
    if (raw === undefined || this.#takePending(raw) === undefined) return;
    raw.destroy();
    if (fault !== undefined) this.#report(fault);
  }

  #decide(socket: TLSSocket): void {
    const raw = rawSocketOf(socket);
    const madeWith = raw && this.#takePending(raw)?.madeWith;
    // Already refused, because it took too long; or a socket that did not come through #accept, which cannot be.
    if (madeWith === undefined) {
      socket.destroy();
      return;
    }
    try {
      this.#admit(socket, madeWith);
    } catch (error) {
      const reason = isCodedError(error) ? error : handshakeError(error);
      const kind = reason.code === "ERR_TOO_MANY_CONNECTIONS" ? "busy" : "refused";
      const reference = newReference();
      if (!socket.destroyed) refuse(socket, { kind, reference });
      this.#report(reason, reference);
    }
  }

  #admit(socket: TLSSocket, madeWith: CredentialState): void {
    const { credentials, protocols, retireGraceMs = defaults.drainTimeoutMs } = this.#options;
    const role = "client";
    const now = this.#now;
    const { peer, protocol } = passGate(socket, {
      state: credentials.current(),
      protocols,
      role,
      now: new Date(now()),
    });
    const place = this.#admission.enterPeer(peer.id.toString());
    if (place === undefined) throw tooManyOfOne(peer, this.#options.limits.maxConnectionsPerPeer);
    this.#admission.handshakes.succeeded();
    const watched = { socket, peer, protocol, role, credentials, madeWith, now, retireGraceMs } as const;
    const connection = new GuardedConnection(watched);
    this.connections.add(connection);
    connection.onClose(() => {
      place[Symbol.dispose]();
      this.connections.delete(connection);
    });
    this.#handOver(connection);
  }

  /** From here on the connection speaks the protocol of whoever takes it: a refusal cannot be written any more. */
  #handOver(connection: SecureConnection): void {
    try {
      this.#options.onConnection(connection);
    } catch (error) {
      connection.destroy(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }

  /** Everything is set again each time; a TLS server that cannot take new credentials takes no connections either. */
  #renew(state: CredentialState): void {
    try {
      this.#tls.setSecureContext(serverTlsOptions(state, this.#options.protocols));
      this.#state = state;
    } catch (cause) {
      this.#state = undefined;
      this.#report(unusableCredentials(cause));
    }
  }

  #report(reason: CodedError, reference: string = newReference()): void {
    this.#reports.add({ reason, reference });
  }

  #takePending(raw: Socket): PendingHandshake | undefined {
    const handshake = this.#pending.get(raw);
    this.#pending.delete(raw);
    handshake?.[Symbol.dispose]();
    return handshake;
  }
}

/**
 * Private in Node.js 20 to 26, and there is no public way. Without it every connection would be refused. A stream that is no
 * socket is wrapped, and found in the wrapping.
 */
function rawSocketOf(socket: TLSSocket): Socket | undefined {
  const { _parent, _handle } = socket as unknown as {
    _parent?: Socket | null;
    _handle?: { _parentWrap?: { stream?: Socket } } | null;
  };
  return _parent ?? _handle?._parentWrap?.stream ?? undefined;
}
