/** What a server spends on peers, most of it before it knows who they are. The reasons are in `docs/defaults.md`. */
export interface ConnectionLimits {
  /** From `accept()` to a verified connection. */
  readonly handshakeTimeoutMs: number;
  /** Handshakes computed at the same time; further ones wait their turn. A stalled one counts for a fifth of its time. */
  readonly maxHandshakes: number;
  /** All connections, verified or not; further ones are closed at once. */
  readonly maxConnections: number;
  /** Verified connections of one SPIFFE ID; further ones are refused. */
  readonly maxConnectionsPerPeer: number;
}

/** Keeps the counts. Each place that is taken is given back by disposing it; a second time does nothing. */
export class Admission {
  readonly #limits: ConnectionLimits;
  #connections = 0;
  #handshakes = 0;
  readonly #waiting = new Set<() => void>();
  readonly #peers = new Map<string, number>();

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
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

  /** Calls `start` as soon as fewer than `maxHandshakes` are under way, in the order of asking. */
  enterHandshake(start: () => void): Disposable {
    let started = false;
    const begin = () => {
      started = true;
      this.#handshakes++;
      start();
    };
    if (this.#handshakes < this.#limits.maxHandshakes) begin();
    else this.#waiting.add(begin);
    return once(() => (started ? this.#leaveHandshake() : this.#waiting.delete(begin)));
  }

  #leaveHandshake(): void {
    this.#handshakes--;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next();
  }

  #leavePeer(id: string): void {
    const count = this.#peers.get(id) ?? 0;
    if (count > 1) this.#peers.set(id, count - 1);
    else this.#peers.delete(id);
  }
}

function once(action: () => void): Disposable {
  let done = false;
  return {
    [Symbol.dispose]() {
      if (done) return;
      done = true;
      action();
    },
  };
}
