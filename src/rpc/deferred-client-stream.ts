import { performance } from "node:perf_hooks";
import type { ClientRequest, ClientStream, ClientStreamListener } from "./transport.js";

/**
 * A call that waits for a connection. What is done with it meanwhile is done again once there is one: one message at most,
 * because the next is asked for when the first has left.
 */
export class DeferredClientStream implements ClientStream {
  readonly #request: ClientRequest;
  readonly #madeAt = performance.now();
  readonly #messages: Uint8Array[] = [];
  #listener: ClientStreamListener;
  #last = false;
  #reads = 0;
  #stream: ClientStream | undefined;
  #cancelled = false;
  #attached: { promise: Promise<void>; resolve(): void } | undefined;

  constructor(request: ClientRequest, listener: ClientStreamListener) {
    this.#request = request;
    this.#listener = listener;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** Puts the call on a stream that `open` makes. */
  attach(open: (request: ClientRequest, listener: ClientStreamListener) => ClientStream): void {
    if (this.#cancelled) return;
    const timeoutMs = Math.max(1, this.#request.timeoutMs - (performance.now() - this.#madeAt));
    const stream = open({ ...this.#request, timeoutMs }, this.#listener);
    this.#stream = stream;
    for (const [index, message] of this.#messages.entries())
      stream.write(message, this.#last && index === this.#messages.length - 1);
    if (this.#last && this.#messages.length === 0) stream.halfClose();
    for (let i = 0; i < this.#reads; i++) stream.read();
    this.#attached?.resolve();
  }

  /** There will be no connection. */
  fail(tell: (listener: ClientStreamListener) => void): void {
    if (this.#cancelled) return;
    this.#attached?.resolve();
    tell(this.#listener);
  }

  read(): void {
    if (this.#stream === undefined) this.#reads += 1;
    else this.#stream.read();
  }

  write(message: Uint8Array, last = false): Promise<void> | undefined {
    if (this.#stream !== undefined) return this.#stream.write(message, last);
    if (this.#cancelled) return undefined;
    this.#messages.push(message);
    this.#last = last;
    this.#attached ??= withResolver();
    return this.#attached.promise;
  }

  halfClose(): void {
    if (this.#stream === undefined) this.#last = true;
    else this.#stream.halfClose();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#attached?.resolve();
    this.#stream?.cancel();
  }
}

function withResolver(): { promise: Promise<void>; resolve(): void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
