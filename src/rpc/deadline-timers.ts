import { performance } from "node:perf_hooks";

/** Something that ends at a moment of the clock of `performance.now()`. Threaded into the list of its bucket while armed. */
export interface Expiring {
  readonly deadlineAt: number;
  expire(): void;
  /** @internal The neighbours in the list, and the list; undefined while not armed. */
  before?: Expiring | undefined;
  after?: Expiring | undefined;
  bucket?: Bucket | undefined;
}

export interface Bucket {
  readonly at: number;
  first: Expiring | undefined;
}

/** Deadlines are kept to this precision: late by at most so much, never early. */
const granularityMs = 8;

/** Buckets that are kept before the empty ones among them are looked for. */
const fewBuckets = 8_192;

/**
 * One timer for all deadlines of the process. Nearly every call ends long before its deadline, so arming and disarming are
 * what has to be cheap: a look-up and two links, where a timer of Node.js each would cost ten times that.
 */
export class DeadlineTimers {
  readonly #buckets = new Map<number, Bucket>();
  #mostBuckets = fewBuckets;
  #timer: NodeJS.Timeout | undefined;
  #firesAt = Number.POSITIVE_INFINITY;

  /** How many different moments are kept. */
  get size(): number {
    return this.#buckets.size;
  }

  arm(item: Expiring): void {
    const at = Math.ceil(item.deadlineAt / granularityMs);
    let bucket = this.#buckets.get(at);
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#mostBuckets) this.#sweep();
      bucket = { at, first: undefined };
      this.#buckets.set(at, bucket);
      if (at < this.#firesAt) this.#schedule(at);
    }
    item.bucket = bucket;
    item.after = bucket.first;
    if (bucket.first !== undefined) bucket.first.before = item;
    bucket.first = item;
  }

  disarm(item: Expiring): void {
    const { bucket, before, after } = item;
    if (bucket === undefined) return;
    if (before === undefined) bucket.first = after;
    else before.after = after;
    if (after !== undefined) after.before = before;
    item.bucket = undefined;
    item.before = undefined;
    item.after = undefined;
  }

  /**
   * Who may name deadlines days ahead could have one bucket made after the other, each empty a moment later, long before
   * any of them is due.
   */
  #sweep(): void {
    for (const [at, { first }] of this.#buckets) if (first === undefined) this.#buckets.delete(at);
    this.#mostBuckets = Math.max(fewBuckets, 2 * this.#buckets.size);
  }

  #schedule(at: number): void {
    clearTimeout(this.#timer);
    this.#firesAt = at;
    // A call under way keeps the process alive by its connection; a forgotten deadline must not.
    this.#timer = setTimeout(() => this.#fire(), Math.max(1, at * granularityMs - performance.now())).unref();
  }

  #fire(): void {
    const now = performance.now() / granularityMs;
    let next = Number.POSITIVE_INFINITY;
    const due: Bucket[] = [];
    for (const [at, bucket] of this.#buckets) {
      if (bucket.first === undefined) this.#buckets.delete(at);
      else if (at <= now) due.push(bucket);
      else next = Math.min(next, at);
    }
    this.#firesAt = Number.POSITIVE_INFINITY;
    for (const bucket of due) {
      this.#buckets.delete(bucket.at);
      while (bucket.first !== undefined) {
        const item = bucket.first;
        this.disarm(item);
        item.expire();
      }
    }
    // What expired may have armed something earlier by now.
    if (next < this.#firesAt) this.#schedule(next);
  }
}

export const deadlineTimers = new DeadlineTimers();
