import { performance } from "node:perf_hooks";
import { type Resolvable, resolvable } from "./resolvable.js";
import type { ClientRequest, ClientStream, ClientStreamListener } from "./transport.js";

/**
 * A call that waits for a connection. What is done with it meanwhile is done again once there is one; its promises settle
 * when that has happened, so a writer that keeps to them is never far ahead.
 */
export class DeferredClientStream implements ClientStream {
  readonly #request: ClientRequest;
  readonly #now: () => number;
  readonly #madeAt: number;
  readonly #messages: Uint8Array[] = [];
  readonly #listener: ClientStreamListener;
  readonly #onCancel: () => void;
  #last = false;
  #reads = 0;
  #stream: ClientStream | undefined;
  #cancelled = false;
  /** Whether all that was written before there was a stream has gone to it. */
  #replayed = false;
  #caughtUp: Resolvable | undefined;

  /** `onCancel` is told that nobody waits any more. `now` is a clock in milliseconds that never goes back. */
  constructor(
    request: ClientRequest,
    listener: ClientStreamListener,
    onCancel: () => void,
    now: () => number = () => performance.now(),
  ) {
    this.#now = now;
    this.#madeAt = now();
    this.#request = request;
    this.#listener = listener;
    this.#onCancel = onCancel;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** Puts the call on a stream that `open` makes. */
  attach(open: (request: ClientRequest, listener: ClientStreamListener) => ClientStream): void {
    if (this.#cancelled) return;
    const timeoutMs = Math.max(1, this.#request.timeoutMs - (this.#now() - this.#madeAt));
    const stream = open({ ...this.#request, timeoutMs }, this.#listener);
    this.#stream = stream;
    for (let i = 0; i < this.#reads; i++) stream.read();
    void this.#replay(stream);
  }

  /** There will be no connection. */
  fail(tell: (listener: ClientStreamListener) => void): void {
    if (this.#cancelled) return;
    this.#caughtUp?.resolve();
    tell(this.#listener);
  }

  read(): void {
    if (this.#stream === undefined) this.#reads += 1;
    else this.#stream.read();
  }

  write(message: Uint8Array, last = false): Promise<void> | undefined {
    if (this.#cancelled) return undefined;
    if (this.#replayed) return this.#stream?.write(message, last);
    this.#messages.push(message);
    this.#last = last;
    this.#caughtUp ??= resolvable();
    return this.#caughtUp.promise;
  }

  halfClose(): void {
    if (this.#replayed) this.#stream?.halfClose();
    else this.#last = true;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#caughtUp?.resolve();
    if (this.#stream === undefined) this.#onCancel();
    else this.#stream.cancel();
  }

  /** Sends what was written meanwhile, each message when the one before has left. */
  async #replay(stream: ClientStream): Promise<void> {
    for (;;) {
      const message = this.#messages.shift();
      if (message === undefined) break;
      const last = this.#last && this.#messages.length === 0;
      const slow = stream.write(message, last);
      if (last) this.#last = false;
      if (slow !== undefined) await slow;
    }
    this.#replayed = true;
    if (this.#last) stream.halfClose();
    this.#caughtUp?.resolve();
  }
}
