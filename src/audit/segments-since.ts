import { type AuditRecord, parseRecord } from "./parse-record.js";
import { readLines } from "./read-lines.js";
import type { Segment } from "./segments.js";

/** The segments from the one on that holds the record of this number; all, where none of them begins before it. */
export async function segmentsSince(segments: readonly Segment[], seq: number): Promise<readonly Segment[]> {
  for (let index = segments.length - 1; index >= 0; index--) {
    const first = await firstRecordOf(segments[index] as Segment);
    if (first !== undefined && first.seq <= seq) return segments.slice(index);
  }
  return segments;
}

async function firstRecordOf({ path }: Segment): Promise<AuditRecord | undefined> {
  for await (const { text, fault } of readLines(path)) return fault === undefined ? parseRecord(text) : undefined;
  return undefined;
}
