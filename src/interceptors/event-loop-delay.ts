import { systemClock, type TimerClock } from "../timer-clock.js";

/** How often the event loop is looked at while calls come. */
export const sampleEveryMs = 50;

/** So many samples in a row have to be late: one long pause, a garbage collection or a file read, is not overload. */
export const lateSamples = 4;

/**
 * Whether the event loop runs late and stays late: the lowest delay of the last samples is over a threshold, as in CoDel
 * (RFC 8289), where not the longest wait but the one that never goes away tells a burst from an overload. One sample in
 * time ends it. Measured only while calls come, so an idle server does not wake the machine twenty times a second.
 */
export class EventLoopDelay implements Disposable {
  readonly #thresholdMs: number;
  readonly #clock: TimerClock;
  #timer: Disposable | undefined;
  #expectedAt = 0;
  #late = 0;
  #called = false;

  constructor(thresholdMs: number, clock: TimerClock = systemClock) {
    this.#thresholdMs = thresholdMs;
    this.#clock = clock;
  }

  /** To be asked at each call. */
  isOverloaded(): boolean {
    this.#called = true;
    if (this.#timer === undefined) this.#schedule();
    return this.#late >= lateSamples;
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #schedule(): void {
    this.#expectedAt = this.#clock.now() + sampleEveryMs;
    this.#timer = this.#clock.after(sampleEveryMs, () => this.#sample());
  }

  #sample(): void {
    this.#timer = undefined;
    this.#late = this.#clock.now() - this.#expectedAt > this.#thresholdMs ? this.#late + 1 : 0;
    // Nobody calls any more: the next call begins anew.
    if (!this.#called && this.#late === 0) return;
    this.#called = false;
    this.#schedule();
  }
}
