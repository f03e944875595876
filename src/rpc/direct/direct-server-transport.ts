import { create } from "@bufbuild/protobuf";
import { type Method, MethodSchema } from "../../gen/pinwire/direct/v1/hello_pb.js";
import type { PeerIdentity } from "../../identity/verify-peer.js";
import type { SecureConnection } from "../../transport/secure-connection.js";
import type { ServerStreamHandler, ServerTransport } from "../transport.js";
import { DirectServerLink } from "./direct-server-link.js";
import { fixedLimits, maxPeerPartialBytes } from "./limits.js";
import { PartialBudget } from "./partial-budget.js";
import type { ProtocolViolation } from "./violation.js";

export interface DirectServerOptions {
  readonly maxMessageBytes: number;
  readonly maxConcurrentStreams: number;
  readonly handshakeTimeoutMs: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  /** The methods a peer may call now; it learns of no others. */
  methodsFor(peer: PeerIdentity): readonly ServedMethod[];
  /** A peer says that this side broke the protocol; its connection has ended. */
  onAccused?(connection: SecureConnection, violation: string, words: string): void;
  /** A peer broke the protocol; its connection has ended. */
  onViolation(connection: SecureConnection, violation: ProtocolViolation): void;
}

export interface ServedMethod {
  readonly path: string;
  readonly fingerprint: Uint8Array;
}

/** pinwire's own framing, on connections that chose it by ALPN. */
export class DirectServerTransport implements ServerTransport {
  readonly #handler: ServerStreamHandler;
  readonly #options: DirectServerOptions;
  readonly #links = new Set<DirectServerLink>();
  /** One per peer that is connected. */
  readonly #budgets = new Map<string, { readonly budget: PartialBudget; connections: number }>();

  constructor(handler: ServerStreamHandler, options: DirectServerOptions) {
    this.#handler = handler;
    this.#options = options;
  }

  accept(connection: SecureConnection): void {
    const { maxMessageBytes, maxConcurrentStreams, handshakeTimeoutMs, ...options } = this.#options;
    const link = new DirectServerLink({
      ...options,
      connection,
      handler: this.#handler,
      methods: options.methodsFor(connection.peer).map(announced),
      limits: { ...fixedLimits, maxMessageBytes, maxStreams: maxConcurrentStreams },
      helloTimeoutMs: handshakeTimeoutMs,
      partialBudget: this.#budgetOf(connection),
      onAccused: (violation, words) => options.onAccused?.(connection, violation, words),
      onViolation: (violation) => options.onViolation(connection, violation),
    });
    this.#links.add(link);
    connection.onRetire(() => link.drain());
    connection.onClose(() => this.#links.delete(link));
  }

  /** Many connections of a peer must not hold many times as much as one. */
  #budgetOf(connection: SecureConnection): PartialBudget {
    const id = connection.peer.id.toString();
    const entry = this.#budgets.get(id) ?? { budget: new PartialBudget(maxPeerPartialBytes), connections: 0 };
    this.#budgets.set(id, entry);
    entry.connections += 1;
    connection.onClose(() => {
      entry.connections -= 1;
      if (entry.connections === 0) this.#budgets.delete(id);
    });
    return entry.budget;
  }

  drain(): void {
    for (const link of this.#links) link.drain();
  }

  close(): void {
    for (const { connection } of this.#links) connection.destroy(new Error("the server was closed"));
  }
}

function announced(method: ServedMethod): Method {
  return create(MethodSchema, method);
}
