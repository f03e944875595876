import type { AuditRecord } from "../../../audit/parse-record.js";

/** A record as a person reads it; the place in the chain is for machines. */
export function lineOf({ seq, time, type, prev, hash, ...fields }: AuditRecord): string {
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${quoted(value)}`);
  return [seq, time, type, ...rest].join("  ");
}

function quoted(value: unknown): string {
  const text = String(value);
  return /[\s"=]/.test(text) ? JSON.stringify(text) : text;
}
