import { performance } from "node:perf_hooks";
import { IdentityTable } from "./identity-table.js";

const windowMs = 1_000;
const mostInOneWindow = 10;

interface Window {
  begunAt: number;
  written: number;
  withheld: number;
}

/**
 * How many records about failures one peer may cause: ten a second. What is more is counted, and the number goes with the
 * next record that is written.
 */
export class RecordLimit {
  readonly #windows: IdentityTable<Window>;
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#windows = new IdentityTable({
      make: () => ({ begunAt: now(), written: 0, withheld: 0 }),
      isAtRest: ({ begunAt, withheld }) => withheld === 0 && now() - begunAt >= windowMs,
    });
  }

  /** How many records were withheld since the last; undefined when this one has to be withheld, too. */
  pass(peer: string): number | undefined {
    const now = this.#now();
    const window = this.#windows.of(peer);
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
