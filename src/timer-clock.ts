import { performance } from "node:perf_hooks";

/** What something that waits needs of the world; tests give it a clock of their own. */
export interface TimerClock {
  /** Milliseconds that only grow. */
  now(): number;
  /** Calls once, later, without keeping the process alive. */
  after(ms: number, callback: () => void): Disposable;
}

export const systemClock: TimerClock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms).unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
