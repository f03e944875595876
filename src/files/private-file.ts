import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { ConfigError } from "../errors.js";
import { fileError } from "./file-error.js";
import { effectiveUid, formatMode, modesApply, shellWord } from "./file-modes.js";

/** Above this a file cannot be what we expect; nobody should make us hold it in memory. */
const defaultMaxBytes = 1024 * 1024;

export interface ReadOptions {
  /** The largest file that is read. Default: 1 MiB. */
  readonly maxBytes?: number;
  /** Where to begin, for a file that grows. Default: 0. */
  readonly start?: number;
}

/** What group and others must not be allowed, and how to take it from them. */
interface Rule {
  readonly owners: "ours" | "any";
  readonly forbidden: number;
  readonly fault: string;
  readonly fix: string;
}

const privateRule: Rule = { owners: "ours", forbidden: 0o077, fault: "is open to other users", fix: "chmod 600" };
const publicRule: Rule = {
  owners: "ours",
  forbidden: 0o022,
  fault: "can be changed by other users",
  fix: "chmod go-w",
};
const anyRule: Rule = { owners: "any", forbidden: 0, fault: "", fix: "" };

/**
 * Reads a file that holds a secret: a regular file that belongs to us or to root and that nobody else has any access to.
 *
 * @throws ERR_FILE_MISSING, ERR_FILE_UNREADABLE, ERR_FILE_NOT_PRIVATE, ERR_FILE_MALFORMED (too large)
 */
export function readPrivateFile(path: string, options: ReadOptions = {}): Promise<Buffer> {
  return readGuarded(path, privateRule, options);
}

/**
 * Reads a file that others may see but must not change: certificates, bundles, pins.
 *
 * @throws ERR_FILE_MISSING, ERR_FILE_UNREADABLE, ERR_FILE_NOT_PRIVATE, ERR_FILE_MALFORMED (too large)
 */
export function readPublicFile(path: string, options: ReadOptions = {}): Promise<Buffer> {
  return readGuarded(path, publicRule, options);
}

/**
 * Reads a file whoever it belongs to: to show what it says, or because what is in it proves itself. Nothing else may rely
 * on the content.
 *
 * @throws ERR_FILE_MISSING, ERR_FILE_UNREADABLE, ERR_FILE_NOT_PRIVATE (not a file), ERR_FILE_MALFORMED (too large)
 */
export function readForeignFile(path: string, options: ReadOptions = {}): Promise<Buffer> {
  return readGuarded(path, anyRule, options);
}

async function readGuarded(path: string, rule: Rule, options: ReadOptions): Promise<Buffer> {
  const { maxBytes = defaultMaxBytes, start = 0 } = options;
  try {
    await using handle = await openChecked(path, rule);
    // Asked of the open file, not of the path: the path may name another file by the time it is read.
    checkFile(path, await handle.stat(), rule, maxBytes);
    return await readFrom(handle, start);
  } catch (error) {
    throw fileError("read", path, error);
  }
}

async function readFrom(handle: FileHandle, start: number): Promise<Buffer> {
  if (start === 0) return handle.readFile();
  const rest = Buffer.alloc(Math.max(0, (await handle.stat()).size - start));
  const { bytesRead } = await handle.read(rest, 0, rest.length, start);
  return rest.subarray(0, bytesRead);
}

async function openChecked(path: string, rule: Rule): Promise<FileHandle> {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const entry = await lstat(path);
  if (entry.isSymbolicLink()) checkOwner(path, entry, rule, "symbolic link ");
  // O_NONBLOCK: opening a FIFO would wait for its writer.
  return open(path, O_RDONLY | O_NONBLOCK | (entry.isSymbolicLink() ? 0 : O_NOFOLLOW));
}

function checkFile(path: string, stats: Stats, rule: Rule, maxBytes: number): void {
  if (!stats.isFile()) {
    throw new ConfigError("ERR_FILE_NOT_PRIVATE", `${path} is not a regular file`, `put a regular file at ${path}`);
  }
  checkOwner(path, stats, rule, "");
  if (modesApply && (stats.mode & rule.forbidden) !== 0) {
    const problem = `${path} ${rule.fault} (mode ${formatMode(stats.mode)})`;
    throw new ConfigError("ERR_FILE_NOT_PRIVATE", problem, `run: ${rule.fix} ${shellWord(path)}`);
  }
  if (stats.size > maxBytes) {
    const problem = `${path} has ${stats.size} bytes, more than the ${maxBytes} that are read`;
    throw new ConfigError("ERR_FILE_MALFORMED", problem, "check that it is the file you mean");
  }
}

function checkOwner(path: string, stats: Stats, { owners }: Rule, kind: string): void {
  const uid = effectiveUid();
  if (!modesApply || owners === "any" || stats.uid === uid || stats.uid === 0) return;
  throw new ConfigError(
    "ERR_FILE_NOT_PRIVATE",
    `${kind}${path} belongs to uid ${stats.uid}, not to this process (uid ${uid}) or root`,
    `run as uid ${stats.uid}, or: chown ${kind === "" ? "" : "-h "}${uid} ${shellWord(path)}`,
  );
}
