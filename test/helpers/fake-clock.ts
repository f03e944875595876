import type { TimerClock } from "../../src/timer-clock.js";

/** A clock that stands still until it is told to go on; then it calls what was due, as late as it was told. */
export class FakeClock implements TimerClock {
  #now = 0;
  readonly #due = new Map<() => void, number>();

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): Disposable {
    this.#due.set(callback, this.#now + ms);
    return { [Symbol.dispose]: () => void this.#due.delete(callback) };
  }

  /** How many wait for it. */
  get waiting(): number {
    return this.#due.size;
  }

  pass(ms: number): void {
    this.#now += ms;
    for (const [callback, at] of [...this.#due]) if (at <= this.#now && this.#due.delete(callback)) callback();
  }
}
