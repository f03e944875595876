import { hash } from "node:crypto";
import { asciiJson } from "./ascii-json.js";

/** What a record says, apart from its place in the log. Scalars only, chosen one by one: an allow-list. */
export type AuditFields = Readonly<Record<string, string | number | undefined>> & { readonly type: string };

/** Where the next record goes. */
export interface Position {
  readonly seq: number;
  /** The hash of the record before. */
  readonly prev: string;
}

/** The first record of a log follows on nothing. */
export const beginning: Position = { seq: 1, prev: "A".repeat(43) };

/** The largest line that is written or read, in bytes. */
export const maxLineBytes = 16_384;

export interface SealedRecord {
  /** Without the line feed. */
  readonly line: string;
  readonly next: Position;
}

/**
 * Puts a record into its place: one line of ASCII JSON that begins with `seq`, `time` and `type` and ends with `prev` and
 * `hash`, the SHA-256 of everything before `,"hash"`. docs/audit-format.md, "Records".
 */
export function sealRecord(fields: AuditFields, time: string, { seq, prev }: Position): SealedRecord {
  const body = `{"seq":${seq},"time":"${time}",${asciiJson(fields).slice(1, -1)},"prev":"${prev}"`;
  const digest = hash("sha256", body, "base64url");
  return { line: `${body},"hash":"${digest}"}`, next: { seq: seq + 1, prev: digest } };
}
