import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { checkDelayMs, checkKeys } from "../check-option.js";
import { defaults } from "../defaults.js";
import { ConfigError, UsageError } from "../errors.js";
import { contain } from "../rpc/contain.js";
import type { AuditRecord } from "./parse-record.js";
import { type ReadPosition, readAuditLog } from "./read-audit-log.js";
import { listSegments } from "./segments.js";
import { segmentsSince } from "./segments-since.js";

export interface FollowAuditLogOptions {
  /**
   * Gets the records in their order, some at a time. The next come when what it returns has settled; when it throws or
   * rejects, the same come again, after a while.
   */
  readonly send: (records: readonly AuditRecord[]) => unknown;
  /** Leaves out what stands up to this number: `lastSeq` of a follower before. @default 0 */
  readonly afterSeq?: number;
  /** Told what `send` threw, and why records cannot be read. @default nobody */
  readonly onProblem?: (error: unknown) => void;
  /** How long `close()` waits for `send`. @default 10_000 */
  readonly closeTimeoutMs?: number;
}

/** So many records at a time, which are at most 8 MiB. */
const mostAtOnce = 500;
/** To read so many takes some milliseconds; then the calls of the same process get their turn. */
const recordsInTurn = 100;
const pollMs = 250;
/** Between attempts at what has failed; twice as long each time. */
const firstPauseMs = 500;
const longestPauseMs = 30_000;

/**
 * Passes the records of an audit log on, to whatever `send` is: beside the server that writes it, or in a process of its own
 * that may read the directory. It reads the files, so the log waits for nobody and nothing waits in memory: who is slow is
 * behind. Each record comes at least once, in order. It proves nothing; `verifyAuditLog` does. Keeps the process alive.
 *
 * @throws UsageError ERR_INVALID_OPTION
 */
export function followAuditLog(directory: string, options: FollowAuditLogOptions): AuditFollower {
  checkKeys("followAuditLog()", options, ["send", "afterSeq", "onProblem", "closeTimeoutMs"]);
  const { send, afterSeq = 0, onProblem = () => {}, closeTimeoutMs = defaults.drainTimeoutMs } = options;
  if (typeof send !== "function") {
    throw new UsageError("ERR_INVALID_OPTION", "followAuditLog() needs send: a function that takes records");
  }
  if (!Number.isSafeInteger(afterSeq) || afterSeq < 0) {
    throw new UsageError("ERR_INVALID_OPTION", `afterSeq must be the number of a record, or 0, not ${afterSeq}`);
  }
  checkDelayMs("closeTimeoutMs", closeTimeoutMs);
  return new AuditFollower(directory, { send, afterSeq, onProblem, closeTimeoutMs });
}

/** Made by {@link followAuditLog}. */
export class AuditFollower implements AsyncDisposable {
  readonly #directory: string;
  readonly #options: Required<FollowAuditLogOptions>;
  readonly #done: Promise<void>;
  #wake = new AbortController();
  #closing = false;
  #stopped = false;
  #position: ReadPosition = { segment: 0, byte: 0 };
  #lastSeq: number;
  #lastHash: string | undefined;

  /** @internal Use {@link followAuditLog}. */
  constructor(directory: string, options: Required<FollowAuditLogOptions>) {
    this.#directory = directory;
    this.#options = options;
    this.#lastSeq = options.afterSeq;
    this.#done = this.#run();
  }

  /** The number of the newest record that `send` has taken; to go on from, with `afterSeq`. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Sends what the log has by now, and ends; at the latest after `closeTimeoutMs`, whatever `send` does. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#wake.abort();
    const late = new AbortController();
    const timeout = delay(this.#options.closeTimeoutMs, undefined, { signal: late.signal }).catch(() => {});
    await Promise.race([this.#done, timeout]);
    this.#stopped = true;
    late.abort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!this.#stopped) {
      const isLast = this.#closing;
      try {
        await this.#pass();
        pauseMs = firstPauseMs;
        if (!isLast) await this.#pause(pollMs);
      } catch (error) {
        this.#tell(error);
        // What was behind it is read again: it may have been cut off, and written anew.
        this.#position = { segment: this.#position.segment, byte: 0 };
        await this.#pause(pauseMs);
        pauseMs = Math.min(longestPauseMs, 2 * pauseMs);
      }
      if (isLast) return;
    }
  }

  /** Everything that is there now. */
  async #pass(): Promise<void> {
    await this.#skip();
    const reading = readAuditLog(this.#directory, this.#position);
    try {
      await this.#passOn(reading);
    } finally {
      // It has a file open where it was left half-way.
      await reading.return(this.#position);
    }
  }

  /** Goes to the segment that was sent last: to read a long log from its beginning takes longer than what is left of it. */
  async #skip(): Promise<void> {
    if (this.#position.byte > 0) return;
    const segments = (await listSegments(this.#directory)).filter(({ number }) => number >= this.#position.segment);
    const [next] = await segmentsSince(segments, this.#lastSeq);
    if (next !== undefined) this.#position = { segment: next.number, byte: 0 };
  }

  async #passOn(reading: ReturnType<typeof readAuditLog>): Promise<void> {
    let batch: AuditRecord[] = [];
    let sinceTurn = 0;
    for (let step = await reading.next(); ; step = await reading.next()) {
      if (this.#stopped) return;
      if (step.done) {
        await this.#deliver(batch);
        this.#position = step.value;
        return;
      }
      sinceTurn = (sinceTurn + 1) % recordsInTurn;
      if (sinceTurn === 0) await nextTurn();
      if (this.#isKnown(step.value)) continue;
      batch.push(step.value);
      if (batch.length < mostAtOnce) continue;
      await this.#deliver(batch);
      batch = [];
    }
  }

  async #deliver(batch: readonly AuditRecord[]): Promise<void> {
    const last = batch.at(-1);
    if (last === undefined) return;
    await this.#options.send(batch);
    this.#lastSeq = last.seq;
    this.#lastHash = last.hash;
  }

  /** @throws ConfigError ERR_AUDIT_TAMPERED when another record stands where one was that `send` has taken */
  #isKnown({ seq, hash, prev }: AuditRecord): boolean {
    const isChanged =
      seq === this.#lastSeq ? hash !== this.#lastHash : seq === this.#lastSeq + 1 && prev !== this.#lastHash;
    if (!isChanged || this.#lastHash === undefined) return seq <= this.#lastSeq;
    this.#lastHash = undefined;
    this.#lastSeq = 0;
    throw new ConfigError(
      "ERR_AUDIT_TAMPERED",
      `the record ${seq} of ${this.#directory} is another than was sent; its segment is sent again`,
      "a write that failed half-way may have been taken back; pinwire audit verify tells",
    );
  }

  async #pause(ms: number): Promise<void> {
    if (this.#closing) return;
    this.#wake = new AbortController();
    await delay(ms, undefined, { signal: this.#wake.signal }).catch(() => {});
  }

  /** Who is told is no better than who sends. */
  #tell(error: unknown): void {
    contain(
      () => this.#options.onProblem(error),
      () => {},
    );
  }
}
