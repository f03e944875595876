import type { KeyObject } from "node:crypto";
import { unlink } from "node:fs/promises";
import { ConfigError } from "../errors.js";
import { fileError } from "../files/file-error.js";
import { AuditChain } from "./audit-chain.js";
import type { AuditFields } from "./audit-record.js";
import type { AuditRecord } from "./parse-record.js";
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

/** What old segments have to belong to. */
export interface RetainedLog {
  readonly directory: string;
  readonly log: string;
  readonly publicKey: KeyObject;
}

/**
 * The segments whose time is over when segment `next` is begun, the oldest first. The newest closed one always stays.
 * Nothing that is not signed decides: neither the age of a file, which anybody may set who may write to the directory, nor
 * a gap in the numbers, which a signed record would hide for ever.
 *
 * @throws ConfigError ERR_AUDIT_TAMPERED when the segments that are there are not those that were left there
 */
export async function oldSegments(of: RetainedLog, rule: Retention, next: number, now: number): Promise<Removal[]> {
  if (rule.keepSegments === undefined && rule.keepMs === undefined) return [];
  const closed = (await listSegments(of.directory)).filter(({ number }) => number < next);
  await assertBeginning(of, closed);
  const removals: Removal[] = [];
  for (const [index, segment] of closed.entries()) {
    const successor = closed[index + 1];
    if (successor === undefined) break;
    if (successor.number !== segment.number + 1) throw tampered(of, `segment ${segment.number + 1} is missing`);
    const { first } = await openingOf(of, successor);
    if (!isOver(first, closed.length - index, rule, now)) break;
    const record = { type: "prune", segment: segment.number, firstSeq: first.seq, firstPrev: first.prev };
    removals.push({ record, remove: () => removeSegment(segment) });
  }
  return removals;
}

/** A segment has had its last record when the one after it begins. */
function isOver(successor: AuditRecord, kept: number, { keepSegments, keepMs }: Retention, now: number): boolean {
  if (keepSegments !== undefined && kept + 1 > keepSegments) return true;
  return keepMs !== undefined && now - Date.parse(successor.time) > keepMs;
}

/** The log begins with its first segment, or with the one after the last that was removed in good order. */
async function assertBeginning(of: RetainedLog, closed: readonly Segment[]): Promise<void> {
  const first = closed[0]?.number ?? 1;
  if (first === 1) return;
  for (const segment of closed.toReversed()) {
    const { removed } = await openingOf(of, segment);
    if (removed >= first - 1) return;
    if (removed > 0) break;
  }
  throw tampered(of, `segments before ${first} are missing`);
}

/** What the first signed records of a segment say: its first record, and the last segment that was removed for it. */
async function openingOf(of: RetainedLog, { number, path }: Segment): Promise<{ first: AuditRecord; removed: number }> {
  const chain = new AuditChain(of.publicKey);
  let first: AuditRecord | undefined;
  let removed = 0;
  for await (const { text, at, fault } of readLines(path)) {
    const record = fault ?? chain.follow(text, number, at === 0);
    if (typeof record === "string" || (chain.log ?? of.log) !== of.log) break;
    first ??= record;
    if (record.type === "prune") removed = Math.max(removed, Number(record.segment));
    if (record.type === "checkpoint") return { first, removed };
  }
  throw tampered(of, `${path} does not begin as it was written`);
}

function tampered({ directory }: RetainedLog, problem: string): ConfigError {
  return new ConfigError(
    "ERR_AUDIT_TAMPERED",
    `no old segment of ${directory} is removed any more: ${problem}`,
    "run pinwire audit verify; find out who did it, then put back what is missing",
  );
}

async function removeSegment({ path }: Segment): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    throw fileError("write", path, error);
  }
}
