import { performance } from "node:perf_hooks";
import { ConfigError, isCodedError, UsageError } from "../errors.js";
import type { Listeners } from "../listeners.js";
import { AuditBatch, type PendingRecord } from "./audit-batch.js";
import { type AuditFields, assertFits, recordText } from "./audit-record.js";
import type { AuditWriter } from "./audit-writer.js";
import { LogUsers } from "./log-users.js";
import { Outage } from "./outage.js";

export interface AuditLogOptions {
  readonly checkpointEveryRecords: number;
  readonly checkpointEveryMs: number;
  /** In milliseconds, by a clock that never jumps. @default performance.now */
  readonly now?: () => number;
}

/**
 * A tamper-evident log with one writer; made by `openAuditLog`. Records of one moment are written together: whoever
 * appended them waits for one write.
 */
export class AuditLog implements AsyncDisposable {
  readonly #writer: AuditWriter;
  readonly #options: AuditLogOptions;
  readonly #now: () => number;
  readonly #release: () => void;
  readonly #listeners: Listeners<Error>;
  readonly #users = new LogUsers();
  #next: AuditBatch | undefined;
  #flushing: Promise<void> | undefined;
  #checkpointDue = false;
  #timer: NodeJS.Timeout | undefined;
  #outage: Outage | undefined;
  #written = 0;
  #lost = 0;
  #closed: Promise<void> | undefined;

  /** @internal Use `openAuditLog`. */
  constructor(writer: AuditWriter, options: AuditLogOptions, listeners: Listeners<Error>, release: () => void) {
    this.#writer = writer;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#listeners = listeners;
    this.#release = release;
  }

  /** Whether the last record could not be written. */
  get failing(): boolean {
    return this.#outage !== undefined;
  }

  /** Records that this process has written, without those by which the log proves itself: checkpoints, and the like. */
  get written(): number {
    return this.#written;
  }

  /** Records that could not be written. */
  get lost(): number {
    return this.#lost;
  }

  /** Told when the log cannot be written, and when its anchor cannot. */
  onProblem(listener: (error: Error) => void): Disposable {
    return this.#listeners.add(listener);
  }

  /**
   * Adds a record; resolves with its sequence number when it is in the file.
   *
   * @throws ConfigError ERR_AUDIT_UNAVAILABLE when it cannot be written; the next gap record counts it
   * @throws UsageError ERR_INVALID_OPTION when no verifier could read it, or its type is one that only the log itself writes
   */
  async append(fields: AuditFields): Promise<number> {
    // Its text first, so that what does not fit fails by itself, and not all that is written with it.
    const record = this.add(appendedText(fields));
    await record.written;
    return record.seq ?? Number.NaN;
  }

  /**
   * Adds a record whose text is made already, as {@link recordText} does it.
   *
   * @throws ConfigError ERR_AUDIT_UNAVAILABLE at once while the log cannot be written, or with `written`
   * @throws UsageError ERR_INVALID_OPTION when it is too long
   * @internal
   */
  add(text: string): PendingRecord {
    assertFits(text);
    if (this.#closed !== undefined) throw unavailable("is closed");
    const outage = this.#outage;
    if (outage?.isOn(this.#now())) {
      outage.lost += 1;
      this.#lost += 1;
      throw unavailable(String(outage));
    }
    this.#next ??= new AuditBatch();
    this.#flushing ??= this.#flush();
    return this.#next.add(text);
  }

  /**
   * Signs what was written so far and tells the anchor; resolves when both would survive a power cut.
   *
   * @throws ConfigError ERR_AUDIT_UNAVAILABLE when they would not
   */
  async checkpoint(): Promise<void> {
    // Two writers at once would give two records the same place.
    if (this.#closed !== undefined) throw unavailable("is closed");
    this.#checkpointDue = true;
    this.#flushing ??= this.#flush();
    await this.#flushing;
    if (this.#outage !== undefined) throw unavailable(String(this.#outage));
    try {
      await this.#writer.anchored();
    } catch (cause) {
      throw unavailable("is written, but its newest checkpoint is not safe in both places", cause);
    }
  }

  /**
   * Keeps the log from being closed until the result is disposed of.
   *
   * @internal
   * @throws ConfigError ERR_AUDIT_UNAVAILABLE when the log is closed
   */
  use(): Disposable {
    if (this.#closed !== undefined) throw unavailable("is closed");
    return this.#users.add();
  }

  /**
   * Writes what waits, signs it, and lets the next writer in.
   *
   * @throws UsageError ERR_AUDIT_IN_USE while a server writes to it: its calls would have a beginning and no end
   */
  async close(): Promise<void> {
    this.#users.assertNone();
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    await this.#flushing;
    clearTimeout(this.#timer);
    try {
      const gap = this.#outage?.gap;
      const end = recordText({ type: "close" });
      await this.#writer.write(gap === undefined ? [end] : [gap, end], true);
    } catch (error) {
      this.#report(error);
    }
    try {
      await this.#writer.close();
    } catch (error) {
      this.#report(error);
    } finally {
      this.#release();
    }
  }

  async #flush(): Promise<void> {
    // Whatever else is appended in this turn of the event loop goes with the same write.
    await new Promise(setImmediate);
    do {
      const batch = this.#next;
      this.#next = undefined;
      await this.#write(batch);
    } while (this.#next !== undefined || this.#checkpointDue);
    this.#flushing = undefined;
  }

  async #write(batch: AuditBatch = new AuditBatch()): Promise<void> {
    const gap = this.#outage?.gap;
    const told = this.#outage?.lost;
    const records = gap === undefined ? batch.texts : [gap, ...batch.texts];
    const total = this.#writer.unsigned + records.length;
    const checkpoint = this.#checkpointDue || total >= this.#options.checkpointEveryRecords;
    this.#checkpointDue = false;
    try {
      const first = await this.#writer.write(records, checkpoint);
      this.#recovered(told);
      this.#written += records.length;
      batch.succeed(first + records.length - batch.texts.length);
      this.#checkpointLater();
    } catch (error) {
      this.#fail(error, batch);
    }
  }

  #fail(error: unknown, batch: AuditBatch): void {
    const lost = batch.texts.length;
    this.#outage ??= new Outage();
    this.#outage.failed(isCodedError(error) ? error.code : "ERR_FILE_WRITE", this.#now());
    this.#outage.lost += lost;
    this.#lost += lost;
    batch.fail(unavailable(String(this.#outage), error));
    this.#report(error);
    this.#checkpointLater();
  }

  /** What was refused while the gap was being written is not in it: another follows at once. */
  #recovered(told = 0): void {
    this.#outage?.told(told);
    if (this.#outage !== undefined && this.#outage.lost > 0) this.#checkpointDue = true;
    else this.#outage = undefined;
  }

  /** Also after a failure: what is not signed must not wait for the next record, nor the record of what was lost. */
  #checkpointLater(): void {
    if (!this.#needsCheckpoint || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // Whatever fails is reported where it fails.
      if (this.#closed === undefined && this.#needsCheckpoint) this.checkpoint().catch(() => {});
    }, this.#options.checkpointEveryMs).unref();
  }

  get #needsCheckpoint(): boolean {
    return this.#writer.unsigned > 0 || this.#outage !== undefined;
  }

  #report(error: unknown): void {
    tellProblem(this.#listeners, error);
  }
}

const ownTypes: readonly string[] = ["open", "segment", "checkpoint", "repair", "gap", "prune", "close"];

function appendedText(fields: AuditFields): string {
  if (!ownTypes.includes(fields.type)) return recordText(fields);
  throw new UsageError(
    "ERR_INVALID_OPTION",
    `an audit record of type ${fields.type} is only written by the log itself`,
  );
}

/** What a listener throws is its own problem: the log has to go on, and somebody waits for it. */
export function tellProblem(listeners: Listeners<Error>, error: unknown): void {
  listeners.tell(error instanceof Error ? error : new Error(String(error)));
}

function unavailable(problem: string, cause?: unknown): ConfigError {
  const hint = "make room on its file system, or mend what the cause says; it is tried again by itself";
  return new ConfigError("ERR_AUDIT_UNAVAILABLE", `the audit log ${problem}`, hint, { cause });
}
