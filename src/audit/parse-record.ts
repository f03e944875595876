import { hash } from "node:crypto";

/** A record as it stands in a log. Nothing is believed of it but that its hash fits. */
export interface AuditRecord {
  readonly seq: number;
  readonly time: string;
  readonly type: string;
  readonly prev: string;
  readonly hash: string;
  readonly [field: string]: string | number | undefined;
}

const form =
  /^(\{"seq":([1-9]\d{0,15}),"time":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)","type":"([a-z.]{1,32})".*,"prev":"([\w-]{43})"),"hash":"([\w-]{43})"\}$/;

/** Undefined when the line is not of the form of docs/audit-format.md, or its hash does not fit. */
export function parseRecord(line: string): AuditRecord | undefined {
  const [, body, seq, time, type, prev, digest] = form.exec(line) ?? [];
  if (body === undefined || hash("sha256", body, "base64url") !== digest) return undefined;
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    return undefined;
  }
  // A name that stands twice could mean one thing here and another to the next reader.
  if (!isFlat(record) || record.seq !== Number(seq) || record.time !== time || record.type !== type) return undefined;
  return record.prev === prev && record.hash === digest ? record : undefined;
}

function isFlat(value: unknown): value is AuditRecord {
  const entries = Object.entries(value as object);
  return entries.every(([, field]) => typeof field === "string" || typeof field === "number");
}
