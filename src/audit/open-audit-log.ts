import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { checkCount, checkDelayMs, checkKeys } from "../check-option.js";
import { defaults } from "../defaults.js";
import { ConfigError, UsageError } from "../errors.js";
import { withLock } from "../files/lock-file.js";
import { ensurePrivateDirectory } from "../files/private-directory.js";
import { Listeners } from "../listeners.js";
import { type Anchor, readAnchorIfAny } from "./anchor.js";
import { AuditLog, tellProblem } from "./audit-log.js";
import { AuditWriter } from "./audit-writer.js";
import { type CheckpointKey, createCheckpointKey, readCheckpointKey } from "./checkpoint-key.js";
import { type LastSegment, openLastSegment } from "./open-last-segment.js";
import { listSegments } from "./segments.js";

export interface OpenAuditLogOptions {
  /** Where the log is; private, made when it is not there. */
  readonly directory: string;
  /** The Ed25519 key that signs checkpoints, not in `directory`; made with a new log. */
  readonly keyFile: string;
  /** Where the newest checkpoint is kept a second time, not in `directory`: another disk, or what another user owns. */
  readonly anchorFile: string;
  /** When a new segment is begun. @default 64 MiB */
  readonly maxSegmentBytes?: number;
  /** The same by age. @default 24 hours */
  readonly maxSegmentAgeMs?: number;
  /** How many segments are kept, at least 2. @default all */
  readonly keepSegments?: number;
  /** How long a segment is kept after its last record. @default for ever */
  readonly keepMs?: number;
  /** A signed checkpoint after this many records. @default 10_000 */
  readonly checkpointEveryRecords?: number;
  /** And at the latest this long after a record. @default 10_000 */
  readonly checkpointEveryMs?: number;
}

const knownKeys = [
  "directory",
  "keyFile",
  "anchorFile",
  "maxSegmentBytes",
  "maxSegmentAgeMs",
  "keepSegments",
  "keepMs",
  "checkpointEveryRecords",
  "checkpointEveryMs",
];

/**
 * Opens a tamper-evident log for writing, or begins a new one. What a crash left half-written is cut off, and the log says
 * so. Pass the result to `createServer({ audit })`, and close it after the server.
 *
 * @throws ConfigError ERR_AUDIT_TAMPERED when its last segment or its anchor is not as it was written; ERR_LOCKED when
 * another process writes to it; ERR_KEY_MISMATCH, ERR_KEY_UNSUPPORTED, ERR_DIRECTORY_NOT_PRIVATE, ERR_FILE_MISSING,
 * ERR_FILE_NOT_PRIVATE, ERR_FILE_MALFORMED, ERR_FILE_WRITE; UsageError ERR_INVALID_OPTION
 */
export async function openAuditLog(options: OpenAuditLogOptions): Promise<AuditLog> {
  const settings = checked(options);
  await ensurePrivateDirectory(settings.directory, { othersMayRead: false });
  return new Promise((resolve, reject) => {
    // The lock is held until the log is closed.
    const hold = async () => {
      let release = () => {};
      const closed = new Promise<void>((done) => {
        release = done;
      });
      resolve(await openLocked(settings, release));
      await closed;
    };
    withLock(join(settings.directory, "lock"), hold, { waitMs: 1_000 }).catch(reject);
  });
}

type Settings = Required<Omit<OpenAuditLogOptions, "keepSegments" | "keepMs">> & OpenAuditLogOptions;

async function openLocked(settings: Settings, release: () => void): Promise<AuditLog> {
  const { directory, keyFile, anchorFile } = settings;
  const anchor = await readAnchorIfAny(anchorFile);
  const isNew = (await listSegments(directory)).length === 0;
  if (isNew && anchor !== undefined) throw logIsGone(directory, anchorFile);
  const key = await keyFor(keyFile, isNew);
  const last = await openLastSegment(directory, key, anchor);
  const listeners = new Listeners<Error>();
  const onProblem = (error: unknown) => tellProblem(listeners, error);
  try {
    assertAnchored(settings, last, anchor);
    const writer = await AuditWriter.begin({ ...settings, onProblem }, key, last);
    return new AuditLog(writer, settings, listeners, release);
  } catch (error) {
    await last?.file.close();
    throw error;
  }
}

/** A new key is made only for a new log: one for an old log would hide that the old key is gone. */
async function keyFor(path: string, isNew: boolean): Promise<CheckpointKey> {
  try {
    return await readCheckpointKey(path);
  } catch (error) {
    if (!isNew || !(error instanceof ConfigError) || error.code !== "ERR_FILE_MISSING") throw error;
    return createCheckpointKey(path);
  }
}

/** The anchor comes right after the first two records; a log that has more once had one. */
function assertAnchored({ anchorFile }: Settings, last: LastSegment | undefined, anchor: Anchor | undefined): void {
  if (anchor !== undefined || last === undefined || last.position.seq <= 3) return;
  throw new ConfigError(
    "ERR_AUDIT_TAMPERED",
    `the anchor ${anchorFile} is missing, so nobody can tell whether the end of the log was cut off`,
    "copy it back; if it is lost, keep the log as it is and begin a new one in another directory",
  );
}

function logIsGone(directory: string, anchorFile: string): ConfigError {
  return new ConfigError(
    "ERR_AUDIT_TAMPERED",
    `${directory} is empty, but the anchor ${anchorFile} knows a log that was there`,
    "put the log back; to begin a new one on purpose, choose other paths for log, key and anchor",
  );
}

function checked(options: OpenAuditLogOptions): Settings {
  checkKeys("openAuditLog()", options, knownKeys);
  if (typeof options.directory !== "string" || options.directory === "") {
    throw new UsageError("ERR_INVALID_OPTION", "openAuditLog() needs directory: the path of the log");
  }
  const directory = resolve(options.directory);
  for (const name of ["keyFile", "anchorFile"] as const) {
    if (typeof options[name] !== "string" || isInside(directory, options[name])) {
      throw new UsageError("ERR_INVALID_OPTION", `${name} must be a path outside ${directory}`);
    }
  }
  const { keepSegments, keepMs } = options;
  if (keepSegments !== undefined && checkCount("keepSegments", keepSegments) < 2) {
    throw new UsageError("ERR_INVALID_OPTION", "keepSegments must be 2 or more");
  }
  if (keepMs !== undefined) checkCount("keepMs", keepMs);
  return {
    ...options,
    directory,
    maxSegmentBytes: checkCount("maxSegmentBytes", options.maxSegmentBytes ?? defaults.maxSegmentBytes),
    maxSegmentAgeMs: checkCount("maxSegmentAgeMs", options.maxSegmentAgeMs ?? defaults.maxSegmentAgeMs),
    checkpointEveryRecords: checkCount(
      "checkpointEveryRecords",
      options.checkpointEveryRecords ?? defaults.checkpointEveryRecords,
    ),
    checkpointEveryMs: checkDelayMs("checkpointEveryMs", options.checkpointEveryMs ?? defaults.checkpointEveryMs),
  };
}

function isInside(directory: string, path: string): boolean {
  const way = relative(directory, resolve(path));
  // On another drive of Windows the way is absolute.
  return way === "" || !(way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way));
}
