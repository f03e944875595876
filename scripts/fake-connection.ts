import { EventEmitter } from "node:events";
import type { TLSSocket } from "node:tls";
import type { PeerIdentity } from "../src/identity/verify-peer.js";
import type { SecureConnection } from "../src/transport/secure-connection.js";

/** What a link uses of a TLS socket, without any TLS: bytes go in by `emit("data")`, and come out in `sent`. */
class FakeSocket extends EventEmitter {
  /** Everything the link has written. */
  readonly sent: Uint8Array[] = [];
  /** How much is accepted before the other side has to read. */
  readonly #roomBytes: number;
  writableLength = 0;
  destroyed = false;
  writableEnded = false;
  /** Whether the link had ended the socket before it ended it for good. */
  endedTwice = false;
  paused = false;

  constructor(roomBytes: number) {
    super();
    this.#roomBytes = roomBytes;
  }

  get writable(): boolean {
    return !this.destroyed && !this.writableEnded;
  }

  write(bytes: Uint8Array): boolean {
    if (this.writableEnded) throw new Error("a link wrote after it had ended its socket");
    this.sent.push(bytes);
    this.writableLength += bytes.length;
    return this.writableLength < this.#roomBytes;
  }

  /** The other side has read everything. */
  drain(): void {
    if (this.writableLength === 0 || this.destroyed) return;
    this.writableLength = 0;
    this.emit("drain");
  }

  cork(): void {}

  uncork(): void {}

  end(): void {
    this.endedTwice = this.writableEnded;
    this.writableEnded = true;
  }

  destroy(): void {
    this.destroyed = true;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }
}

/** A verified connection that nobody has made. */
export class FakeConnection implements SecureConnection {
  readonly id = "fake";
  readonly peer = { id: "spiffe://local.test/fake" } as unknown as PeerIdentity;
  readonly protocol = "pinwire/1";
  readonly generation = 0;
  readonly fake: FakeSocket;
  readonly #closeListeners: ((reason?: Error) => void)[] = [];
  #closed = false;

  constructor(roomBytes = Number.POSITIVE_INFINITY) {
    this.fake = new FakeSocket(roomBytes);
  }

  get socket(): TLSSocket {
    return this.fake as unknown as TLSSocket;
  }

  /** Bytes arrive from the other side. */
  receive(bytes: Buffer): void {
    if (!this.fake.destroyed) this.fake.emit("data", bytes);
  }

  assertTrusted(): void {}

  onRetire(): void {}

  onClose(listener: (reason?: Error) => void): void {
    this.#closeListeners.push(listener);
  }

  destroy(reason: Error): void {
    this.fake.destroy();
    if (this.#closed) return;
    this.#closed = true;
    for (const listener of this.#closeListeners) listener(reason);
  }
}
