import type { Contender } from "../contender.js";
import type { Measurement } from "../metrics.js";

/** How long and how often to measure. */
export interface Effort {
  /** Each subject in turn, so many times; the result is the median. */
  readonly rounds: number;
  /** The same for cases that start processes of their own. */
  readonly freshRounds: number;
  /** Of one measurement. */
  readonly seconds: number;
  readonly idleConnections: number;
}

/** One thing to measure of every subject. */
export interface Case {
  readonly name: string;
  /** Whether each measurement starts processes of its own, so that there is nothing to warm up. */
  readonly fresh?: true;
  /** Measures a subject once; undefined where the case has no meaning for it. */
  measure(contender: Contender, effort: Effort): Promise<Measurement | undefined>;
}
