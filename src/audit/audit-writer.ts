import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { writeAnchor } from "./anchor.js";
import { type Anchoring, AnchorKeeper } from "./anchor-keeper.js";
import {
  type AuditFields,
  beginning,
  type Position,
  recordBody,
  recordHash,
  recordLine,
  recordText,
} from "./audit-record.js";
import { signCheckpoint } from "./checkpoint.js";
import type { CheckpointKey } from "./checkpoint-key.js";
import type { LastSegment } from "./open-last-segment.js";
import { oldSegments, type Removal, type Retention } from "./retention.js";
import { SegmentFile } from "./segment-file.js";

export interface AuditWriterSettings extends Retention {
  readonly directory: string;
  readonly anchorFile: string;
  readonly maxSegmentBytes: number;
  readonly maxSegmentAgeMs: number;
  /** Told what did not fail a record: the anchor, or an old segment, could not be written or removed. */
  readonly onProblem: (error: unknown) => void;
}

/** For so long a new segment waits until old ones are gone; then they are left for the next. */
const longestRemovalMs = 1_000;

/** Puts records into the files of a log: chain, checkpoints, anchor, segments. One call at a time. */
export class AuditWriter {
  readonly #settings: AuditWriterSettings;
  readonly #key: CheckpointKey;
  readonly #log: string;
  readonly #epoch: number;
  #file: SegmentFile;
  #fileSince = performance.now();
  #position: Position;
  #unsigned = 0;
  readonly #anchor: AnchorKeeper;
  /** When the segments whose time was over are gone. Never rejects. */
  #removing: Promise<void> = Promise.resolve();
  /** A write failed: what it left has to be cut off before the next. */
  #dirty = false;

  /** @throws ConfigError ERR_FILE_WRITE */
  static async begin(settings: AuditWriterSettings, key: CheckpointKey, last?: LastSegment): Promise<AuditWriter> {
    const file = last?.file ?? (await SegmentFile.create(settings.directory, 1));
    const writer = new AuditWriter(settings, key, file, last);
    const open = { type: "open", version: 1, log: writer.#log, epoch: writer.#epoch, key: key.id };
    try {
      // In the segment that is there, even if it is full: `open` has to come before anything else of its epoch.
      await writer.#append([open, ...(last?.repairs ?? [])].map(recordText), true);
      // A log without an anchor could not be opened a second time; better to hear of it now.
      await writer.anchored();
      writer.#anchor.keepTrying();
      return writer;
    } catch (error) {
      // A new log that could not even be begun leaves nothing behind.
      if (last === undefined) await file.discard();
      throw error;
    }
  }

  private constructor(settings: AuditWriterSettings, key: CheckpointKey, file: SegmentFile, last?: LastSegment) {
    this.#settings = settings;
    this.#key = key;
    this.#file = file;
    // Its age goes on where the last writer ended, or a server that is started each day would never begin another.
    if (last !== undefined) this.#fileSince -= Math.max(0, Date.now() - Date.parse(last.begunAt));
    this.#position = last?.position ?? beginning;
    this.#log = last?.log ?? randomBytes(16).toString("base64url");
    this.#epoch = (last?.epoch ?? 0) + 1;
    const { anchorFile, onProblem } = settings;
    const place = { log: this.#log, epoch: this.#epoch };
    const write = (checkpoint: Omit<Anchoring, "file">) =>
      writeAnchor(anchorFile, key.publicKey, { ...place, ...checkpoint });
    this.#anchor = new AnchorKeeper({ write, onProblem });
  }

  /** Records that no checkpoint vouches for yet. */
  get unsigned(): number {
    return this.#unsigned;
  }

  /**
   * Appends records as {@link recordText} gives them, all or none, and returns the sequence number of the first. `checkpoint`: signs everything up to here
   * and tells the anchor, which happens in the background; see {@link anchored}.
   *
   * @throws ConfigError ERR_FILE_WRITE, ERR_AUDIT_TAMPERED
   */
  async write(records: readonly string[], checkpoint: boolean): Promise<number> {
    if (this.#dirty) await this.#undo();
    if (this.#isFull()) await this.#rotate();
    return this.#append(records, checkpoint);
  }

  async #append(records: readonly string[], checkpoint: boolean): Promise<number> {
    const lines = this.#lines();
    const { seq } = this.#position;
    for (const record of records) lines.addText(record);
    if (checkpoint) this.#addCheckpoint(lines);
    this.#dirty = true;
    try {
      this.#file.append(lines.text);
    } catch (error) {
      // At once, so that readers find whole records only; what cannot be cut off now is before the next write.
      await this.#undo().catch(() => {});
      throw error;
    }
    this.#dirty = false;
    this.#position = lines.position;
    this.#unsigned = checkpoint ? 0 : this.#unsigned + records.length;
    if (checkpoint) this.#anchorSoon(lines);
    return seq;
  }

  /** When the last checkpoint, and all before it, would survive a power cut. @throws when they would not */
  anchored(): Promise<void> {
    return this.#anchor.anchored();
  }

  async close(): Promise<void> {
    await this.#anchor.close();
    await this.#file.close();
  }

  async #undo(): Promise<void> {
    await this.#file.undo();
    this.#dirty = false;
  }

  #lines(): Lines {
    return new Lines(new Date().toISOString(), this.#position);
  }

  #addCheckpoint(lines: Lines): void {
    const place = { log: this.#log, epoch: this.#epoch };
    const sig = signCheckpoint({ ...place, ...lines.position, time: lines.time }, this.#key);
    lines.add({ type: "checkpoint", ...place, key: this.#key.id, sig });
  }

  #anchorSoon({ position, time }: Lines): void {
    const { seq, prev: hash } = position;
    this.#anchor.soon({ file: this.#file, seq: seq - 1, hash, time });
  }

  #isFull(): boolean {
    const { maxSegmentBytes, maxSegmentAgeMs } = this.#settings;
    return this.#file.bytes >= maxSegmentBytes || performance.now() - this.#fileSince >= maxSegmentAgeMs;
  }

  async #rotate(): Promise<void> {
    const { directory } = this.#settings;
    const number = this.#file.number + 1;
    const removals = await this.#removals(number);
    await this.#file.sync();
    const next = await SegmentFile.create(directory, number);
    const lines = this.#lines();
    lines.add({ type: "segment", log: this.#log, epoch: this.#epoch, segment: number });
    for (const { record } of removals) lines.add(record);
    this.#addCheckpoint(lines);
    try {
      // The directory may be another by now: the log would go on beside its own past.
      this.#file.assertThere();
      next.append(lines.text);
    } catch (error) {
      await next.discard();
      throw error;
    }
    const full = this.#file;
    this.#file = next;
    this.#fileSince = performance.now();
    this.#position = lines.position;
    this.#unsigned = 0;
    // After the anchors before, which still need it.
    this.#anchor.after(() => full.close());
    this.#anchorSoon(lines);
    if (removals.length === 0) return;
    this.#anchor.now();
    this.#removing = this.#anchor.after(() => this.#remove(removals));
  }

  /** What is wrong with old segments does not keep new records out; the segments then stay as they are. */
  async #removals(next: number): Promise<readonly Removal[]> {
    const { directory } = this.#settings;
    const log = { directory, log: this.#log, publicKey: this.#key.publicKey };
    // Those that are being removed would be found half gone. They wait for the anchor, but records not for long.
    const late = delay(longestRemovalMs, "late", { ref: false });
    if ((await Promise.race([this.#removing, late])) === "late") return [];
    try {
      return await oldSegments(log, this.#settings, next, Date.now());
    } catch (error) {
      this.#settings.onProblem(error);
      return [];
    }
  }

  /** What says where the log begins now has to be safe before its old beginning goes. */
  async #remove(removals: readonly Removal[]): Promise<void> {
    if (this.#anchor.failing) return;
    for (const { remove } of removals) await remove();
  }
}

/** Records of one write, each put into its place after the one before. */
class Lines {
  readonly time: string;
  #seq: number;
  #prev: string;
  text = "";

  constructor(time: string, { seq, prev }: Position) {
    this.time = time;
    this.#seq = seq;
    this.#prev = prev;
  }

  /** Where the next record goes. */
  get position(): Position {
    return { seq: this.#seq, prev: this.#prev };
  }

  add(fields: AuditFields): void {
    this.addText(recordText(fields));
  }

  addText(text: string): void {
    const body = recordBody(text, this.time, this.#seq, this.#prev);
    const digest = recordHash(body);
    this.text += `${recordLine(body, digest)}\n`;
    this.#seq += 1;
    this.#prev = digest;
  }
}
