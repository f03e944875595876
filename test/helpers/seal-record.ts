import {
  type AuditFields,
  type Position,
  recordBody,
  recordHash,
  recordLine,
  recordText,
} from "../../src/audit/audit-record.js";

export interface SealedRecord {
  /** Without the line feed. */
  readonly line: string;
  readonly next: Position;
}

/** A whole record in its place. */
export function sealRecord(fields: AuditFields, time: string, position: Position): SealedRecord {
  const body = recordBody(recordText(fields), time, position.seq, position.prev);
  const digest = recordHash(body);
  return { line: recordLine(body, digest), next: { seq: position.seq + 1, prev: digest } };
}
