import type { TLSSocket } from "node:tls";
import { frame } from "./frame-reader.js";

/** Writes frames; those of one turn of the event loop leave in one write. */
export class FrameWriter {
  readonly #socket: TLSSocket;
  #pending: Buffer[] = [];

  constructor(socket: TLSSocket) {
    this.#socket = socket;
  }

  write(kind: number, payload: Uint8Array): void {
    if (this.#pending.length === 0) process.nextTick(() => this.#flush());
    this.#pending.push(frame(kind, payload));
  }

  /** Writes at once; the promise, if there is one, settles when the next may follow. */
  writeSlowly(kind: number, payload: Uint8Array): Promise<void> | undefined {
    if (this.#socket.write(frame(kind, payload))) return undefined;
    return new Promise((resolve) => this.#socket.once("drain", resolve));
  }

  #flush(): void {
    const frames = this.#pending;
    this.#pending = [];
    this.#socket.write(frames.length === 1 && frames[0] !== undefined ? frames[0] : Buffer.concat(frames));
  }
}
