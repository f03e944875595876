import type { Socket } from "node:net";

/** The sockets that are open, so that they can be closed all together. */
export class OpenSockets {
  readonly #sockets = new Set<Socket>();
  readonly #whenEmpty: (() => void)[] = [];

  add(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) for (const done of this.#whenEmpty.splice(0)) done();
    });
  }

  /** Resolves when all of them are closed. */
  async destroy(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#sockets.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenEmpty.push(resolve);
    });
  }
}
