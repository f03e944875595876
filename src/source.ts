import { Listeners } from "./listeners.js";

/**
 * A value that may be replaced while the process runs. Constant and rotating values are used by the same call.
 */
export interface Source<T> {
  /** The value that is valid now. Cheap; called on every connection and every call. */
  current(): T;
  /** Calls `listener` with each new value, after `current()` returns it. Dispose the result to stop. */
  onChange(listener: (value: T) => void): Disposable;
}

/** A source whose value never changes. */
export function constantSource<T>(value: T): Source<T> {
  return { current: () => value, onChange: () => ({ [Symbol.dispose]() {} }) };
}

/** A source with a setter, for whoever loads or rotates the value. */
export class MutableSource<T> implements Source<T> {
  #value: T;
  readonly #listeners = new Listeners<T>();

  constructor(value: T) {
    this.#value = value;
  }

  current(): T {
    return this.#value;
  }

  /** Tells every listener, also when one of them throws; then throws the first of their errors. */
  set(value: T): void {
    this.#value = value;
    const errors: unknown[] = [];
    this.#listeners.tell(value, (error) => errors.push(error));
    if (errors.length > 0) throw errors[0];
  }

  onChange(listener: (value: T) => void): Disposable {
    return this.#listeners.add(listener);
  }
}
