import { ConfigError } from "../errors.js";
import { type AuditRecord, parseRecord } from "./parse-record.js";
import { readLines } from "./read-lines.js";
import { listSegments, type Segment } from "./segments.js";

/** Where a reader of a log stands: everything before was read. */
export interface ReadPosition {
  readonly segment: number;
  readonly byte: number;
}

/**
 * The records of a log in their order, from a position on. Each one's own hash is checked, nothing else: only
 * `verifyAuditLog` proves that none was changed or left out. A line that is being written is left for later.
 *
 * @returns where to go on
 * @throws ConfigError ERR_AUDIT_TAMPERED at a line that is no record; ERR_FILE_MISSING, ERR_FILE_UNREADABLE
 */
export async function* readAuditLog(
  directory: string,
  from: ReadPosition = { segment: 0, byte: 0 },
): AsyncGenerator<AuditRecord, ReadPosition> {
  let position = from;
  for (const segment of await listSegments(directory)) {
    if (segment.number < from.segment) continue;
    const start = segment.number === from.segment ? from.byte : 0;
    try {
      position = yield* readSegment(segment, start);
    } catch (error) {
      // Its time was over after the segments were listed.
      if (!(error instanceof ConfigError) || error.code !== "ERR_FILE_MISSING") throw error;
    }
  }
  return position;
}

/** The newest records of a log, at most `count`, and where to go on. */
export async function readLastRecords(directory: string, count: number) {
  const segments = await listSegments(directory);
  let records: AuditRecord[] = [];
  let position: ReadPosition | undefined;
  for (const segment of segments.reverse()) {
    const last: AuditRecord[] = [];
    const reading = readSegment(segment, 0);
    for (let step = await reading.next(); ; step = await reading.next()) {
      if (step.done) {
        position ??= step.value;
        break;
      }
      last.push(step.value);
      if (last.length > count) last.shift();
    }
    records = [...last, ...records].slice(-count);
    if (records.length === count) break;
  }
  return { records, position: position ?? { segment: 0, byte: 0 } };
}

async function* readSegment({ number, path }: Segment, from: number): AsyncGenerator<AuditRecord, ReadPosition> {
  let byte = from;
  for await (const { text, at, fault } of readLines(path, from)) {
    if (fault === "torn") break;
    const record = fault === undefined ? parseRecord(text) : undefined;
    if (record === undefined) throw notARecord(path, at);
    yield record;
    byte = at + text.length + 1;
  }
  return { segment: number, byte };
}

function notARecord(path: string, at: number): ConfigError {
  const problem = `${path} holds no record at byte ${at}`;
  return new ConfigError("ERR_AUDIT_TAMPERED", problem, "run pinwire audit verify for the whole log");
}
