import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { unlink } from "node:fs/promises";
import { ConfigError } from "../errors.js";
import type { Anchor } from "./anchor.js";
import { AuditChain } from "./audit-chain.js";
import type { AuditFields, Position } from "./audit-record.js";
import type { CheckpointKey } from "./checkpoint-key.js";
import { readLines } from "./read-lines.js";
import { SegmentFile } from "./segment-file.js";
import { listSegments, type Segment } from "./segments.js";

/** Where a log goes on. */
export interface LastSegment {
  readonly file: SegmentFile;
  readonly log: string;
  readonly epoch: number;
  readonly position: Position;
  /** What a crash left half-written and was cut off; the log says so itself. */
  readonly repairs: readonly AuditFields[];
}

/**
 * Finds the end of a log and proves its last segment. What a killed writer left of a line was never acknowledged: it is cut
 * off. Anything else that is wrong is not repaired but refused.
 *
 * @returns undefined when there is no log yet
 * @throws ConfigError ERR_AUDIT_TAMPERED, ERR_FILE_UNREADABLE, ERR_FILE_WRITE
 */
export async function openLastSegment(
  directory: string,
  key: CheckpointKey,
  anchor: Anchor | undefined,
): Promise<LastSegment | undefined> {
  const segments = await listSegments(directory);
  const repairs: AuditFields[] = [];
  for (let segment = segments.pop(); segment !== undefined; segment = segments.pop()) {
    const { chain, end, torn } = await follow(segment, key, anchor);
    if (torn > 0) repairs.push(await repairOf(segment, end, torn));
    // A segment is made together with its first record; one without it holds nothing.
    if (end === 0) await unlink(segment.path);
    else return lastOf(segment, chain, end, repairs, anchor);
  }
  return undefined;
}

async function lastOf(
  segment: Segment,
  chain: AuditChain,
  end: number,
  repairs: readonly AuditFields[],
  anchor: Anchor | undefined,
): Promise<LastSegment> {
  if (anchor !== undefined && anchor.seq >= chain.position.seq) throw tampered(segment, "its end is missing");
  const file = await SegmentFile.open(segment);
  await file.undo(end);
  return { file, log: chain.log ?? "", epoch: chain.epoch, position: chain.position, repairs };
}

async function follow(segment: Segment, key: CheckpointKey, anchor: Anchor | undefined) {
  const chain = new AuditChain(key.publicKey);
  let end = 0;
  for await (const { text, at, fault } of readLines(segment.path)) {
    if (fault === "torn") return { chain, end, torn: text.length };
    const record = fault ?? chain.follow(text, segment.number, at === 0);
    if (record === "other key") throw otherKey(segment);
    if (typeof record === "string") throw tampered(segment, `record ${chain.position.seq}: ${record}`);
    if (anchor !== undefined && record.seq === anchor.seq && record.hash !== anchor.hash) {
      throw tampered(segment, `record ${record.seq} differs from the anchor`);
    }
    if (anchor !== undefined && record.log !== undefined && record.log !== anchor.log) {
      throw tampered(segment, "the anchor belongs to another log");
    }
    end = at + text.length + 1;
  }
  return { chain, end, torn: 0 };
}

async function repairOf({ number, path }: Segment, start: number, bytes: number): Promise<AuditFields> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(path, { start })) digest.update(chunk as Buffer);
  return { type: "repair", segment: number, bytes, sha256: digest.digest("base64url") };
}

function tampered({ path }: Segment, problem: string): ConfigError {
  return new ConfigError(
    "ERR_AUDIT_TAMPERED",
    `${path} is not as it was written: ${problem}`,
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
