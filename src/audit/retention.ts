import { lstat, unlink } from "node:fs/promises";
import { fileError } from "../files/file-error.js";
import type { AuditFields } from "./audit-record.js";
import { parseRecord } from "./parse-record.js";
import { readLines } from "./read-lines.js";
import { listSegments, type Segment } from "./segments.js";

export interface Retention {
  /** How many segments are kept, at least 2. Undefined: all. */
  readonly keepSegments?: number | undefined;
  /** How long after its last record a segment is kept. Undefined: for ever. */
  readonly keepMs?: number | undefined;
}

export interface Removal {
  /** Says where the log begins without the segment; has to be written and signed first. */
  readonly record: AuditFields;
  /** Removes the segment. */
  remove(): Promise<void>;
}

/** The segments whose time is over when segment `next` is begun, the oldest first. The newest closed one always stays. */
export async function oldSegments(directory: string, rule: Retention, next: number, now: number): Promise<Removal[]> {
  if (rule.keepSegments === undefined && rule.keepMs === undefined) return [];
  const closed = (await listSegments(directory)).filter(({ number }) => number < next);
  const removals: Removal[] = [];
  for (const [index, segment] of closed.entries()) {
    const successor = closed[index + 1];
    const keptAfter = closed.length - index;
    if (successor === undefined || !(await isOver(segment, keptAfter, rule, now))) break;
    removals.push({ record: await recordOf(segment, successor), remove: () => removeSegment(segment) });
  }
  return removals;
}

async function isOver({ path }: Segment, kept: number, rule: Retention, now: number): Promise<boolean> {
  if (rule.keepSegments !== undefined && kept + 1 > rule.keepSegments) return true;
  return rule.keepMs !== undefined && now - (await lstat(path)).mtimeMs > rule.keepMs;
}

async function recordOf({ number }: Segment, successor: Segment): Promise<AuditFields> {
  for await (const { text } of readLines(successor.path)) {
    const first = parseRecord(text);
    if (first !== undefined) return { type: "prune", segment: number, firstSeq: first.seq, firstPrev: first.prev };
    break;
  }
  throw new Error(`${successor.path} has no first record`);
}

async function removeSegment({ path }: Segment): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    throw fileError("write", path, error);
  }
}
