import { performance } from "node:perf_hooks";
import { defaults } from "../defaults.js";
import { ConfigError } from "../errors.js";
import type { SegmentFile } from "./segment-file.js";

/** A checkpoint that is to be told to the anchor. */
export interface Anchoring {
  /** What it vouches for is in here, or in files that were synced before. */
  readonly file: SegmentFile;
  /** Of its record. */
  readonly seq: number;
  readonly hash: string;
  readonly time: string;
}

export interface AnchorKeeperOptions {
  /** Writes the anchor; what it vouches for has reached the disk by then. */
  readonly write: (checkpoint: Omit<Anchoring, "file">) => Promise<void>;
  /** Told why something could not be done. */
  readonly onProblem: (error: unknown) => void;
}

/** The disk is waited for, and the anchor written, at most this often; at once when somebody waits for it. */
const anchorEveryMs = 1_000;
/** After a failure, also when no record comes: until then nobody could tell that the end of the log was cut off. */
const anchorAgainMs = 10_000;

/** Sees to it that the newest checkpoint is on the disk and in its second place, in the background and in this order. */
export class AnchorKeeper {
  readonly #options: AnchorKeeperOptions;
  /** What the anchor is to say next. */
  #newest: Anchoring | undefined;
  #begunAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  /** Never rejects. */
  #work: Promise<void> = Promise.resolve();
  #failure: unknown;
  #triesAgain = false;

  constructor(options: AnchorKeeperOptions) {
    this.#options = options;
  }

  /** Whether the newest checkpoint, as far as it was tried, is not in both places. */
  get failing(): boolean {
    return this.#failure !== undefined;
  }

  /** Under load not with each checkpoint: while a disk takes what was written, writing is slow. */
  soon(newest: Anchoring): void {
    this.#newest = newest;
    this.#in(this.#begunAt + anchorEveryMs - performance.now());
  }

  now(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#begunAt = performance.now();
    this.after(() => this.#anchor());
  }

  /** Does it after all that is to be done before; what it returns never rejects. */
  after(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work).catch(this.#options.onProblem);
    return this.#work;
  }

  /** When the newest checkpoint, and all before it, would survive a power cut. @throws when they would not */
  async anchored(): Promise<void> {
    this.now();
    await this.#work;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** From now on what fails is tried again, until it is closed. */
  keepTrying(): void {
    this.#triesAgain = true;
  }

  /** At the latest after ten seconds: a place that does not answer must not keep a server from ending. */
  async close(): Promise<void> {
    this.#triesAgain = false;
    this.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, defaults.drainTimeoutMs);
    });
    const isLate = await Promise.race([this.#work.then(() => false), late.then(() => true)]);
    clearTimeout(timer);
    if (isLate) this.#options.onProblem(doesNotAnswer());
  }

  #in(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), Math.max(0, ms)).unref();
  }

  /** The log reaches the disk first: an anchor that is ahead of its log would look like a log that was cut off. */
  async #anchor(): Promise<void> {
    const newest = this.#newest;
    this.#newest = undefined;
    if (newest === undefined) return;
    const { file, ...checkpoint } = newest;
    try {
      await file.sync();
      await this.#options.write(checkpoint);
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
      this.#newest ??= newest;
      if (this.#triesAgain) this.#in(anchorAgainMs);
      throw error;
    }
  }
}

function doesNotAnswer(): ConfigError {
  return new ConfigError(
    "ERR_FILE_WRITE",
    "the newest checkpoint is not in the anchor: its place does not answer",
    "the log is whole, but until it is opened again nobody can tell whether its end was cut off",
  );
}
