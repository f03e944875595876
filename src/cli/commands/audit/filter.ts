import type { AuditRecord } from "../../../audit/parse-record.js";
import { CommandLineError } from "../../../command-line/arguments.js";
import type { OptionSpecs } from "../../../command-line/command-spec.js";
import { nearest } from "../../../command-line/nearest.js";

export const filterOptions = {
  seq: { kind: "value", value: "N", help: "the record with this number" },
  type: { kind: "value", value: "TYPE", help: "records of this type; docs/audit-format.md has them" },
  peer: { kind: "value", value: "SPIFFE_ID", help: "what is about this peer" },
  method: { kind: "value", value: "PATH", help: "what is about this method: /package.Service/Method" },
  since: { kind: "value", value: "TIME", help: "from this time on, UTC: 2026-01-31 or 2026-01-31T12:00:00Z" },
  until: { kind: "value", value: "TIME", help: "before this time" },
} as const satisfies OptionSpecs;

/** As docs/audit-format.md has them; a test compares. */
export const recordTypes = [
  "open",
  "checkpoint",
  "close",
  "segment",
  "repair",
  "gap",
  "prune",
  "call.begin",
  "call.end",
  "call.refused",
  "connection.refused",
  "connection.violation",
  "refusals",
];

type Filter = { readonly [Name in keyof typeof filterOptions]: string | undefined };

/** @throws CommandLineError */
export function recordFilter({ seq, type, peer, method, since, until }: Filter): (record: AuditRecord) => boolean {
  const from = since === undefined ? undefined : timeOf("since", since);
  const to = until === undefined ? undefined : timeOf("until", until);
  if (seq !== undefined && !/^[1-9]\d*$/.test(seq)) throw new CommandLineError(`--seq ${seq} is no number`, "--seq 42");
  const path = method?.startsWith("/") === false ? `/${method}` : method;
  return (record) =>
    (seq === undefined || record.seq === Number(seq)) &&
    (type === undefined || record.type === type) &&
    (peer === undefined || record.peer === peer) &&
    (path === undefined || record.method === path) &&
    (from === undefined || record.time >= from) &&
    (to === undefined || record.time < to);
}

/**
 * Call when nothing was found. A program may write records of types of its own, so only the log can tell that one is misspelt.
 *
 * @throws CommandLineError when it was looked for by a type that is none of pinwire's
 */
export function assertTypeIsKnown({ type }: Filter): void {
  if (type === undefined || recordTypes.includes(type)) return;
  const [meant] = nearest(type, recordTypes);
  const hint = `the types of pinwire are ${recordTypes.join(", ")}`;
  const problem = `there is no record of type ${JSON.stringify(type)}`;
  throw new CommandLineError(problem, meant === undefined ? hint : `did you mean ${meant}? ${hint}`);
}

function timeOf(name: string, text: string): string {
  const date = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z)?$/.test(text) ? new Date(text) : undefined;
  if (date !== undefined && !Number.isNaN(date.getTime())) return date.toISOString();
  throw new CommandLineError(`--${name} ${text} is no time`, `--${name} 2026-01-31, or --${name} 2026-01-31T12:00:00Z`);
}
