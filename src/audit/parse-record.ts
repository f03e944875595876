import { hash } from "node:crypto";
import { asciiJson } from "./ascii-json.js";
import { isField } from "./audit-record.js";

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
  if (!isRecord(record) || record.seq !== Number(seq) || record.time !== time || record.type !== type) return undefined;
  if (record.prev !== prev || record.hash !== digest) return undefined;
  // One record, one spelling: a name that stands twice could mean one thing here and another to the next reader.
  return asciiJson(record) === line && hasItsFields(record) ? record : undefined;
}

function isRecord(value: unknown): value is AuditRecord {
  return Object.entries(value as object).every(([name, field]) => isField(name, field));
}

type Kind = (value: unknown) => boolean;
/** Of so many characters: bytes in base64url. */
const text =
  (length: number): Kind =>
  (value) =>
    typeof value === "string" && value.length === length && /^[\w-]*$/.test(value);
const count: Kind = (value) => Number.isSafeInteger(value) && (value as number) > 0;

/** What has to be there to follow the chain. */
const kinds: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  open: { version: (value) => value === 1, log: text(22), epoch: count, key: text(43) },
  segment: { log: text(22), epoch: count, segment: count },
  checkpoint: { log: text(22), epoch: count, key: text(43), sig: text(86) },
  prune: { segment: count, firstSeq: count, firstPrev: text(43) },
};

function hasItsFields(record: AuditRecord): boolean {
  const wanted = Object.hasOwn(kinds, record.type) ? kinds[record.type] : undefined;
  return Object.entries(wanted ?? {}).every(([name, isKind]) => isKind(record[name]));
}
