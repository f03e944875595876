import { types } from "node:util";
import { processWarning } from "./process-warning.js";

/** Who wants to hear of something. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>();

  get size(): number {
    return this.#listeners.size;
  }

  /** Dispose the result to stop. */
  add(listener: (value: T) => void): Disposable {
    // A fresh function per subscription, so that subscribing the same listener twice yields two subscriptions.
    const own = (value: T) => listener(value);
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  /** Tells each, also when one before it throws. What an async one rejects with comes when nobody waits: it is a warning. */
  tell(value: T, onThrow: (error: unknown) => void = processWarning): void {
    for (const listener of [...this.#listeners]) {
      try {
        const result: unknown = listener(value);
        if (types.isPromise(result)) result.catch(processWarning);
      } catch (error) {
        onThrow(error);
      }
    }
  }
}
