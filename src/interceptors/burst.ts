/** How many of something make a burst, and how long a pause ends it. */
export interface BurstRule {
  readonly count: number;
  readonly withinMs: number;
}

/** What goes on for longer is told again, or one event now and then would hide whatever else comes of its kind. */
const longestMs = 3_600_000;

/**
 * Counts events of one kind of one peer. It says "now" once for a burst: when the count is reached. Until the events have
 * paused for as long as they had to be together, or an hour has passed, whatever comes belongs to the same burst.
 */
export class Burst {
  #first = 0;
  #last = Number.NEGATIVE_INFINITY;
  #count = 0;
  #told = false;

  /**
   * @param events how many come at this moment
   * @returns how many there were, when these make it a burst
   */
  add(rule: BurstRule, now: number, events = 1): number | undefined {
    const paused = now - this.#last >= rule.withinMs;
    if (paused || now - this.#first >= (this.#told ? longestMs : rule.withinMs)) {
      this.#first = now;
      this.#count = 0;
      this.#told = false;
    }
    this.#last = now;
    this.#count += events;
    if (this.#told || this.#count < rule.count) return undefined;
    this.#told = true;
    return this.#count;
  }

  /** What comes next begins anew: what was told has had a consequence, and its end must not be waited for. */
  reset(): void {
    this.#last = Number.NEGATIVE_INFINITY;
  }

  /** When it began, by the clock of `now`. */
  get first(): number {
    return this.#first;
  }

  /** Whether it can be forgotten without telling twice. */
  isOver(rule: BurstRule, now: number): boolean {
    return now - this.#last >= rule.withinMs;
  }
}
