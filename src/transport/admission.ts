import { type HandshakeLimits, HandshakePlaces } from "./handshake-places.js";
import { once } from "./once.js";

/** What a server spends on peers, most of it before it knows who they are. The reasons are in `docs/defaults.md`. */
export interface ConnectionLimits extends HandshakeLimits {
  /** From `accept()` to a verified connection. */
  readonly handshakeTimeoutMs: number;
  /** All connections, verified or not; further ones are closed at once. */
  readonly maxConnections: number;
  /** Verified connections of one SPIFFE ID; further ones are refused. */
  readonly maxConnectionsPerPeer: number;
}

/** Keeps the counts. Each place that is taken is given back by disposing it; a second time does nothing. */
export class Admission {
  readonly handshakes: HandshakePlaces;
  readonly #limits: ConnectionLimits;
  #connections = 0;
  readonly #peers = new Map<string, number>();

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
    this.handshakes = new HandshakePlaces(limits);
  }

  /** A place for one more connection; undefined when all are taken. */
  enter(): Disposable | undefined {
    if (this.#connections >= this.#limits.maxConnections) return undefined;
    this.#connections++;
    return once(() => this.#connections--);
  }

  /** A place for one more connection of a verified peer; undefined when it has all that it may have. */
  enterPeer(id: string): Disposable | undefined {
    const count = this.#peers.get(id) ?? 0;
    if (count >= this.#limits.maxConnectionsPerPeer) return undefined;
    this.#peers.set(id, count + 1);
    return once(() => this.#leavePeer(id));
  }

  #leavePeer(id: string): void {
    const count = this.#peers.get(id) ?? 0;
    if (count > 1) this.#peers.set(id, count - 1);
    else this.#peers.delete(id);
  }
}
