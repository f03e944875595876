import type { AuditRecord } from "./parse-record.js";

/** The fields that have a column of their own; all others share the last. */
const columns = [
  "seq",
  "time",
  "type",
  "peer",
  "pin",
  "method",
  "status",
  "code",
  "reference",
  "begin",
  "durationMs",
  "connection",
  "protocol",
] as const;

export const csvHeader = [...columns, "other"].join(",");

/** One record as a line of CSV (RFC 4180). */
export function csvLine(record: AuditRecord): string {
  const { prev, hash, ...rest } = record;
  const other = Object.entries(rest).filter(([name]) => !(columns as readonly string[]).includes(name));
  const cells: unknown[] = columns.map((name) => record[name]);
  return [...cells, other.length > 0 ? JSON.stringify(Object.fromEntries(other)) : ""].map(cellOf).join(",");
}

/** A spreadsheet takes what begins like a formula for one, whoever wrote it; some also in wide characters. */
function cellOf(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r＝＋－＠]/.test(String(value)) ? `'${value}` : String(value);
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
