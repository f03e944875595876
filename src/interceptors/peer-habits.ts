/** What a peer usually does, in fixed memory. */
const mostMethods = 256;
/** Before so many calls nobody knows what is usual. */
const learningCalls = 200;
const rateWindowMs = 10_000;

export class PeerHabits {
  readonly #methods = new Set<string>();
  #calls = 0;
  #largest = 0;
  #windowSince = Number.NEGATIVE_INFINITY;
  #windowCalls = 0;
  #mostInWindow = 0;
  #windows = 0;

  /** Whether there is something to forget that took a while to learn. */
  get areSettled(): boolean {
    return this.#calls >= learningCalls;
  }

  /** Whether this method is new for a peer of settled habits. */
  isNewMethod(path: string): boolean {
    if (this.#methods.has(path)) return false;
    // A peer that calls more methods than are remembered has no habit in this.
    if (this.#methods.size >= mostMethods) return false;
    this.#methods.add(path);
    return this.#calls >= learningCalls;
  }

  /** Whether a message is ten times as large as any before it, and large at all. */
  isUnusualSize(bytes: number, atLeast: number): boolean {
    const unusual = this.#calls >= learningCalls && bytes >= atLeast && bytes > 10 * this.#largest;
    if (bytes > this.#largest) this.#largest = bytes;
    return unusual;
  }

  /** Counts a call; whether there are ten times as many in ten seconds as ever before. */
  isUnusualRate(now: number, atLeast: number): boolean {
    this.#calls += 1;
    if (now - this.#windowSince >= rateWindowMs) this.#closeWindow(now);
    this.#windowCalls += 1;
    const most = Math.max(atLeast, 10 * this.#mostInWindow);
    return this.#windows >= 6 && this.#windowCalls === Math.floor(most) + 1;
  }

  #closeWindow(now: number): void {
    if (this.#windowCalls > this.#mostInWindow) this.#mostInWindow = this.#windowCalls;
    if (this.#windowCalls > 0) this.#windows += 1;
    this.#windowSince = now;
    this.#windowCalls = 0;
  }
}
