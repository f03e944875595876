import { performance } from "node:perf_hooks";
import type { AuditFields } from "./audit-record.js";

const windowMs = 1_000;
const mostInOneWindow = 100;
/** Kinds that are told apart; there are few, unless an authority gives out identities without end. */
const mostKinds = 4_096;

interface Window {
  begunAt: number;
  written: number;
  left: number;
}

/**
 * How many refusals of one kind get a record of their own: a hundred a second. What is more is counted, and the count is
 * written when the second is over: whoever is refused must not be able to fill the disk at once.
 */
export class DenialLimit {
  readonly #windows = new Map<string, Window>();
  readonly #write: (fields: AuditFields) => void;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (fields: AuditFields) => void, now: () => number = () => performance.now()) {
    this.#write = write;
    this.#now = now;
  }

  /** Whether a refusal gets its own record. `kind`: a verified peer, or a reason; there are only so many of either. */
  admit(kind: string): boolean {
    const now = this.#now();
    const window = this.#windows.get(kind);
    if (window === undefined || now - window.begunAt >= windowMs) {
      if (window !== undefined) this.#summarize(kind, window);
      else if (this.#windows.size >= mostKinds) this.#forget(now);
      this.#windows.set(kind, { begunAt: now, written: 1, left: 0 });
      return true;
    }
    if (window.written < mostInOneWindow) {
      window.written += 1;
      return true;
    }
    window.left += 1;
    this.#timer ??= setTimeout(() => this.flush(), windowMs).unref();
    return false;
  }

  /** Writes the counts that are open. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [kind, window] of this.#windows) this.#summarize(kind, window);
    this.#windows.clear();
  }

  /** Those whose second is over; when all are in theirs, all begin another. */
  #forget(now: number): void {
    for (const [kind, window] of this.#windows) {
      if (now - window.begunAt < windowMs) continue;
      this.#summarize(kind, window);
      this.#windows.delete(kind);
    }
    if (this.#windows.size >= mostKinds) this.flush();
  }

  /** How many kinds are remembered. */
  get kinds(): number {
    return this.#windows.size;
  }

  #summarize(kind: string, { left }: Window): void {
    if (left > 0) this.#write({ type: "refusals", of: kind, more: left });
  }
}
