/** Not a literal, for the reason in `abort-listener.ts`. */
class Waiting {
  readonly resolve: (message: Uint8Array | undefined) => void;
  readonly reject: (error: Error) => void;

  constructor(resolve: Waiting["resolve"], reject: Waiting["reject"]) {
    this.resolve = resolve;
    this.reject = reject;
  }
}

/**
 * Turns a listener's events into something to await. At most one message is asked for at a time, so at most one is held.
 */
export class MessageReader {
  readonly #request: () => void;
  #held: Uint8Array | undefined;
  #ended = false;
  #error: Error | undefined;
  #waiting: Waiting | undefined;

  /** `request` asks the stream for one more message. */
  constructor(request: () => void) {
    this.#request = request;
  }

  /** The next message; undefined after the last. Not to be called again before the promise settled. */
  next(): Promise<Uint8Array | undefined> {
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      return Promise.resolve(held);
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#waiting = new Waiting(resolve, reject);
      this.#request();
    });
  }

  /** Whether somebody waits for a message. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  push(message: Uint8Array): void {
    if (this.#waiting === undefined) this.#held = message;
    else this.#settle((waiting) => waiting.resolve(message));
  }

  end(): void {
    this.#ended = true;
    this.#settle((waiting) => waiting.resolve(undefined));
  }

  /** Makes the pending and every later `next()` fail. */
  fail(error: Error): void {
    this.#error = error;
    this.#held = undefined;
    this.#settle((waiting) => waiting.reject(error));
  }

  #settle(how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) how(waiting);
  }
}
