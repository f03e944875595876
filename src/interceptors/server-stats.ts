import { performance } from "node:perf_hooks";
import type { ErrorCode } from "../errors.js";
import type { ServerCall } from "../rpc/server-call.js";
import { Status } from "../status.js";
import type { SecureConnection } from "../transport/secure-connection.js";
import type { ConnectionRefusal } from "../transport/secure-listener.js";
import type { AnomalyKind } from "./anomaly.js";
import { MethodFigures, type MethodStats } from "./method-figures.js";
import type { ServerObserver } from "./server-observer.js";

/** What a server has seen of one peer. */
export interface PeerStats {
  /** Its SPIFFE ID, or `other` for all after the 4,096th. */
  readonly peer: string;
  /** Open at present. */
  readonly connections: number;
  /** Since the server's start, refused ones included. */
  readonly calls: number;
  /** Of these, calls that were refused. */
  readonly refused: number;
}

/** A server's figures; all counts are since its start. */
export interface ServerStats {
  /** When the server began to listen, in milliseconds since 1970. */
  readonly started: number;
  /** Open at present, accepted since the start, and refused, by reason. */
  readonly connections: {
    readonly open: number;
    readonly accepted: number;
    /** Handshakes that have begun; some come to nothing. */
    readonly handshakes: number;
    readonly refused: Readonly<Partial<Record<ErrorCode, number>>>;
  };
  /** Calls that have begun and not ended. */
  readonly callsUnderWay: number;
  /** Calls that have ended, by method. */
  readonly methods: readonly MethodStats[];
  /** The same by peer. */
  readonly peers: readonly PeerStats[];
  /** Calls that were refused, by reason. */
  readonly refusedCalls: Readonly<Partial<Record<ErrorCode, number>>>;
  /** Anomalies, by kind. */
  readonly anomalies: Readonly<Partial<Record<AnomalyKind, number>>>;
  /** How each look at a token ended, once for each connection that shows it. */
  readonly tokens: Readonly<Partial<Record<ErrorCode | "OK", number>>>;
  /** When the server's own certificate expires, in milliseconds since 1970. */
  readonly certificateExpires: number;
  /** Whether the audit log cannot be written at present; undefined without one. */
  readonly auditFailing: boolean | undefined;
  /** Records that were written to the audit log, and that could not be; undefined without one. */
  readonly auditRecords: { readonly written: number; readonly lost: number } | undefined;
}

/** What the observer sees; the server adds the rest. */
export type ObservedStats = Pick<ServerStats, "started" | "connections" | "methods" | "peers" | "anomalies" | "tokens">;

interface Peer {
  connections: number;
  calls: number;
  refused: number;
}

/** All names that nothing is served under, and all peers beyond those that are told apart. */
const other = "other";
const mostPeers = 4_096;

/** Counts what a server does. Nothing a peer can name makes it grow: methods are those served, identities are bounded. */
export class StatsObserver implements ServerObserver {
  readonly #started = Date.now();
  readonly #methods = new Map<string, MethodFigures>();
  readonly #refusedConnections = new Map<ErrorCode, number>();
  readonly #anomalies = new Map<AnomalyKind, number>();
  readonly #peers = new Map<string, Peer>();
  readonly #tokens = new Map<ErrorCode | "OK", number>();
  #handshakes = 0;
  #open = 0;
  #accepted = 0;

  callEnded(call: ServerCall, status: Status): void {
    const { requestBytes, responseBytes } = call;
    const durationMs = performance.now() - call.startedAt;
    const method = call.route.method === undefined ? other : call.path;
    this.#figuresOf(method).add({ status, durationMs, requestBytes, responseBytes });
    const peer = this.#peerOf(call.peer.id.toString());
    peer.calls += 1;
    if (status === Status.PERMISSION_DENIED || status === Status.UNAUTHENTICATED) peer.refused += 1;
  }

  handshakeBegan(): void {
    this.#handshakes += 1;
  }

  connectionOpened({ peer }: SecureConnection): void {
    this.#open += 1;
    this.#accepted += 1;
    this.#peerOf(peer.id.toString()).connections += 1;
  }

  connectionClosed({ peer }: SecureConnection): void {
    this.#open -= 1;
    this.#peerOf(peer.id.toString()).connections -= 1;
  }

  connectionRefused({ reason, counts }: ConnectionRefusal): void {
    for (const [code, count] of counts ?? [[reason.code, 1] as const]) {
      this.#refusedConnections.set(code, (this.#refusedConnections.get(code) ?? 0) + count);
    }
  }

  anomaly(kind: AnomalyKind): void {
    this.#anomalies.set(kind, (this.#anomalies.get(kind) ?? 0) + 1);
  }

  tokenJudged(code: ErrorCode | "OK"): void {
    this.#tokens.set(code, (this.#tokens.get(code) ?? 0) + 1);
  }

  read(): ObservedStats {
    return {
      started: this.#started,
      connections: {
        open: this.#open,
        accepted: this.#accepted,
        handshakes: this.#handshakes,
        refused: Object.fromEntries(this.#refusedConnections),
      },
      methods: [...this.#methods].map(([method, figures]) => figures.read(method)),
      peers: [...this.#peers].map(([peer, counts]) => ({ peer, ...counts })),
      anomalies: Object.fromEntries(this.#anomalies),
      tokens: Object.fromEntries(this.#tokens),
    };
  }

  #figuresOf(method: string): MethodFigures {
    let figures = this.#methods.get(method);
    if (figures === undefined) {
      figures = new MethodFigures();
      this.#methods.set(method, figures);
    }
    return figures;
  }

  #peerOf(id: string): Peer {
    return this.#peers.get(id) ?? this.#addPeer(this.#peers.size < mostPeers ? id : other);
  }

  #addPeer(id: string): Peer {
    const peer = this.#peers.get(id) ?? { connections: 0, calls: 0, refused: 0 };
    this.#peers.set(id, peer);
    return peer;
  }
}
