import { performance } from "node:perf_hooks";

const windowMs = 1_000;
const mostInOneWindow = 10;

interface Window {
  begunAt: number;
  written: number;
  withheld: number;
}

/**
 * How many records about failures one peer may cause: ten a second. What is more is counted, and the number goes with the
 * next record that is written. Peers are identities that were verified, so there are no more of them than pins.
 */
export class RecordLimit {
  readonly #windows = new Map<string, Window>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** How many records were withheld since the last; undefined when this one has to be withheld, too. */
  pass(peer: string): number | undefined {
    const now = this.#now();
    const window = this.#windows.get(peer);
    if (window === undefined) {
      this.#windows.set(peer, { begunAt: now, written: 1, withheld: 0 });
      return 0;
    }
    if (now - window.begunAt >= windowMs) {
      window.begunAt = now;
      window.written = 0;
    }
    if (window.written >= mostInOneWindow) {
      window.withheld += 1;
      return undefined;
    }
    window.written += 1;
    const { withheld } = window;
    window.withheld = 0;
    return withheld;
  }
}
