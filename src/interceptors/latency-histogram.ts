/** Values are told apart to one part in sixteen. */
const stepsPerDoubling = 16;
/** From a microsecond to over an hour. */
const doublings = 33;

/**
 * Counts durations in steps that grow with the value, as HdrHistogram does: a percentile is right to 6 %, and the memory is
 * the same 2 KiB after one call and after a billion.
 */
export class LatencyHistogram {
  readonly #counts = new Float64Array(stepsPerDoubling * doublings);
  #total = 0;
  #maxMs = 0;

  add(ms: number): void {
    const index = indexOf(ms);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  get count(): number {
    return this.#total;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** The duration that this share of the calls did not exceed, in milliseconds; 0 without any calls. */
  percentileMs(share: number): number {
    if (this.#total === 0) return 0;
    let left = Math.max(1, Math.ceil(this.#total * share));
    for (const [index, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0) return Math.min(upperEdgeMs(index), this.#maxMs);
    }
    return this.#maxMs;
  }
}

function indexOf(ms: number): number {
  const us = Math.max(1, ms * 1_000);
  const doubling = Math.min(doublings - 1, Math.floor(Math.log2(us)));
  const within = Math.floor((us / 2 ** doubling - 1) * stepsPerDoubling);
  return doubling * stepsPerDoubling + Math.min(stepsPerDoubling - 1, within);
}

function upperEdgeMs(index: number): number {
  const doubling = Math.floor(index / stepsPerDoubling);
  const within = index % stepsPerDoubling;
  return (2 ** doubling * (1 + (within + 1) / stepsPerDoubling)) / 1_000;
}
