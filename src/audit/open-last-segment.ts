import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { unlink } from "node:fs/promises";
import { ConfigError } from "../errors.js";
import type { Anchor } from "./anchor.js";
import { AuditChain } from "./audit-chain.js";
import type { AuditFields, Position } from "./audit-record.js";
import type { CheckpointKey } from "./checkpoint-key.js";
import type { AuditRecord } from "./parse-record.js";
import { type Line, readLines } from "./read-lines.js";
import { SegmentFile } from "./segment-file.js";
import { listSegments, type Segment } from "./segments.js";
import { segmentsSince } from "./segments-since.js";

/** Where a log goes on. */
export interface LastSegment {
  readonly file: SegmentFile;
  readonly log: string;
  readonly epoch: number;
  readonly position: Position;
  /** The time of the segment's first record. */
  readonly begunAt: string;
  /** What a crash left half-written and was cut off; the log says so itself. */
  readonly repairs: readonly AuditFields[];
}

/**
 * Finds the end of a log and proves all of it from the anchor on: what is signed from now on vouches for everything before.
 * What a killed writer left of a line was never acknowledged: it is cut off. Anything else that is wrong is not repaired but
 * refused, and nothing is touched.
 *
 * @returns undefined when there is no log yet
 * @throws ConfigError ERR_AUDIT_TAMPERED, ERR_KEY_MISMATCH, ERR_FILE_UNREADABLE, ERR_FILE_WRITE
 */
export async function openLastSegment(
  directory: string,
  key: CheckpointKey,
  anchor: Anchor | undefined,
): Promise<LastSegment | undefined> {
  const segments = await listSegments(directory);
  const end = new LogEnd(key, anchor);
  // The anchor's record has to be in the first of them.
  const unproven = await segmentsSince(segments, anchor?.seq ?? Number.POSITIVE_INFINITY);
  for (const segment of unproven) await end.follow(segment);
  const last = end.proven();
  const { unbegun } = end;
  const repairs: AuditFields[] = [];
  if (unbegun !== undefined) {
    if (unbegun.torn > 0) repairs.push(await repairOf(unbegun.segment, 0, unbegun.torn));
    await unlink(unbegun.segment.path);
  }
  if (last === undefined) return undefined;
  const { segment, bytes, torn, begunAt, chain } = last;
  if (torn > 0) repairs.push(await repairOf(segment, bytes, torn));
  const file = await SegmentFile.open(segment);
  await file.cutOff(bytes);
  return { file, log: chain.log ?? "", epoch: chain.epoch, position: chain.position, begunAt, repairs };
}

interface FollowedSegment {
  readonly segment: Segment;
  readonly begunAt: string;
  /** Of whole records. */
  readonly bytes: number;
  /** Of what comes after them. */
  readonly torn: number;
}

/** Follows the last segments of a log, one after the other. */
class LogEnd {
  readonly #anchor: Anchor | undefined;
  readonly #chain: AuditChain;
  #last: FollowedSegment | undefined;
  /** A segment is made together with its first record: one without it can only be the last, and holds nothing. */
  unbegun: { readonly segment: Segment; readonly torn: number } | undefined;

  constructor(key: CheckpointKey, anchor: Anchor | undefined) {
    this.#anchor = anchor;
    this.#chain = new AuditChain(key.publicKey);
  }

  async follow(segment: Segment): Promise<void> {
    const before = this.unbegun?.segment ?? this.#last?.segment;
    if (before !== undefined && segment.number !== before.number + 1)
      throw tampered(segment, "the one before is missing");
    // A segment is begun when the one before is whole and on the disk.
    if (this.unbegun !== undefined) throw tampered(this.unbegun.segment, "it is empty");
    if (this.#last !== undefined && this.#last.torn > 0)
      throw tampered(this.#last.segment, "it does not end with a record");
    let bytes = 0;
    let torn = 0;
    let begunAt = "";
    for await (const { text, at, fault } of readLines(segment.path)) {
      if (fault === "torn") {
        torn = text.length;
        break;
      }
      const { time } = this.#followLine(segment, text, at, fault);
      begunAt ||= time;
      bytes = at + text.length + 1;
    }
    if (bytes === 0) this.unbegun = { segment, torn };
    else this.#last = { segment, begunAt, bytes, torn };
  }

  /** Where the log goes on. @throws ConfigError ERR_AUDIT_TAMPERED when the anchor knows more */
  proven(): (FollowedSegment & { readonly chain: AuditChain }) | undefined {
    const last = this.#last;
    if (this.#anchor !== undefined && this.#anchor.seq >= this.#chain.position.seq) {
      throw tampered(last?.segment ?? this.unbegun?.segment, "its end is missing");
    }
    return last && { ...last, chain: this.#chain };
  }

  #followLine(segment: Segment, text: string, at: number, fault: Line["fault"]): AuditRecord {
    const chain = this.#chain;
    const record = fault ?? chain.follow(text, segment.number, at === 0);
    if (record === "other key") throw otherKey(segment);
    if (typeof record === "string") throw tampered(segment, `record ${chain.position.seq}: ${record}`);
    const anchor = this.#anchor;
    if (anchor !== undefined && record.seq === anchor.seq && record.hash !== anchor.hash) {
      throw tampered(segment, `record ${record.seq} differs from the anchor`);
    }
    if (anchor !== undefined && (chain.log ?? anchor.log) !== anchor.log) {
      throw tampered(segment, "the anchor belongs to another log");
    }
    return record;
  }
}

async function repairOf({ number, path }: Segment, start: number, bytes: number): Promise<AuditFields> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(path, { start })) digest.update(chunk as Buffer);
  return { type: "repair", segment: number, bytes, sha256: digest.digest("base64url") };
}

function tampered(segment: Segment | undefined, problem: string): ConfigError {
  return new ConfigError(
    "ERR_AUDIT_TAMPERED",
    `${segment?.path ?? "the log"} is not as it was written: ${problem}`,
    "run pinwire audit verify, and keep the directory as evidence; a new log begins in another directory",
  );
}

function otherKey({ path }: Segment): ConfigError {
  return new ConfigError(
    "ERR_KEY_MISMATCH",
    `${path} was signed with another checkpoint key`,
    "give the key file that was made with this log",
  );
}
