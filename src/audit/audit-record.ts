import { hash } from "node:crypto";
import { UsageError } from "../errors.js";
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

/** So much at most for what every record has: its number, time and hashes. */
const mostChainBytes = 200;

const fieldName = /^[a-zA-Z][a-zA-Z0-9]{0,31}$/;
/** What has one spelling in every language: integers, and at most three decimals. */
const decimal = /^(0|-?[1-9]\d{0,15}|-?(0|[1-9]\d{0,11})\.\d{0,2}[1-9])$/;
const chainFields: readonly string[] = ["seq", "time", "type", "prev", "hash"];

/** Whether a field may stand in a record like this. docs/audit-format.md, "Records". */
export function isField(name: string, value: unknown): value is string | number {
  if (!fieldName.test(name)) return false;
  if (typeof value !== "number") return typeof value === "string";
  return decimal.test(String(value)) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}

/**
 * What a record says, as it will stand in its line.
 *
 * @throws UsageError ERR_INVALID_OPTION when a line with it could not be read again
 */
export function recordText({ type, ...fields }: AuditFields): string {
  if (typeof type !== "string" || !/^[a-z.]{1,32}$/.test(type)) throw unfit("the type");
  const text = fieldsText(fields);
  return text === "" ? `"type":"${type}"` : `"type":"${type}",${text}`;
}

/**
 * The same for some of its fields.
 *
 * @throws UsageError ERR_INVALID_OPTION when a line with them could not be read again
 */
export function fieldsText(fields: Omit<AuditFields, "type">): string {
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    if (chainFields.includes(name) || !isField(name, value)) throw unfit(`the field ${JSON.stringify(name)}`);
  }
  return asciiJson(fields).slice(1, -1);
}

/** @throws UsageError ERR_INVALID_OPTION when a record's text is longer than a line may be */
export function assertFits(text: string): void {
  if (text.length > maxLineBytes - mostChainBytes) throw unfit(`${text.length} bytes`);
}

function unfit(what: string): UsageError {
  const problem = `an audit record cannot have ${what}; docs/audit-format.md says what fits`;
  return new UsageError("ERR_INVALID_OPTION", problem);
}

/**
 * A record is one line of ASCII JSON that begins with `seq`, `time` and `type` and ends with `prev` and `hash`. This is
 * everything before `,"hash"`, which is what the hash is about. docs/audit-format.md, "Records".
 */
export function recordBody(text: string, time: string, seq: number, prev: string): string {
  return `{"seq":${seq},"time":"${time}",${text},"prev":"${prev}"`;
}

/** SHA-256 in base64url. */
export function recordHash(body: string): string {
  return hash("sha256", body, "base64url");
}

/** Without the line feed. */
export function recordLine(body: string, digest: string): string {
  return `${body},"hash":"${digest}"}`;
}
