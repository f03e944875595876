import { constants, type Stats } from "node:fs";
import { chmod, lstat, mkdir, realpath } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { ConfigError } from "../errors.js";
import { fileError } from "./file-error.js";
import { effectiveUid, formatMode, modesApply, shellWord } from "./file-modes.js";
import { isOwnGroup } from "./own-group.js";
import { syncDirectory } from "./sync-directory.js";

export interface DirectoryRule {
  /** Who may own it. Default: this process's user alone. */
  readonly owners?: readonly number[];
  /** Whether others may list it. They may never change it. Default: true. */
  readonly othersMayRead?: boolean;
}

/**
 * Checks that nobody else can add, remove or replace a file in a directory: a real directory (no symbolic link), owned
 * by us, not writable by group or others, below directories in which nobody else can rename it.
 *
 * @throws ERR_DIRECTORY_NOT_PRIVATE, ERR_FILE_MISSING, ERR_FILE_UNREADABLE
 */
export async function checkPrivateDirectory(path: string, rule: DirectoryRule = {}): Promise<void> {
  // resolve() also takes a trailing slash away, with which lstat() would follow a symbolic link.
  const directory = resolve(path);
  try {
    checkDirectory(path, await lstat(directory), rule);
    if (modesApply) await checkAncestors(path, directory);
  } catch (error) {
    throw fileError("read", path, error);
  }
}

/**
 * The same for a directory that files are only read from: there one of root's, which a service is given by the system, is as
 * good as our own.
 *
 * @throws as {@link checkPrivateDirectory}
 */
export function checkTrustedDirectory(path: string): Promise<void> {
  return checkPrivateDirectory(path, { owners: [effectiveUid(), 0] });
}

/**
 * Makes sure that a directory is there and private. What is missing of the path is created with mode 0700; what is there
 * is checked, never changed.
 *
 * @throws ERR_DIRECTORY_NOT_PRIVATE, ERR_FILE_WRITE, ERR_FILE_UNREADABLE
 */
export async function ensurePrivateDirectory(path: string, rule: DirectoryRule = {}): Promise<void> {
  try {
    await createMissing(resolve(path));
  } catch (error) {
    throw fileError("write", path, error);
  }
  await checkPrivateDirectory(path, rule);
}

async function createMissing(directory: string): Promise<void> {
  try {
    await createOne(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || directory === dirname(directory)) throw error;
    await createMissing(dirname(directory));
    await createOne(directory);
  }
}

async function createOne(directory: string): Promise<void> {
  try {
    await mkdir(directory, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    throw error;
  }
  // A umask can only take bits away; one that took ours would leave a directory that we cannot use.
  if (modesApply && ((await lstat(directory)).mode & 0o700) !== 0o700) await chmod(directory, 0o700);
  // A parent that can be written but not read cannot be opened; the directory is there all the same.
  await syncDirectory(dirname(directory)).catch(() => undefined);
}

function checkDirectory(path: string, stats: Stats, { owners, othersMayRead = true }: DirectoryRule): void {
  if (!stats.isDirectory()) {
    const kind = stats.isSymbolicLink() ? "a symbolic link" : "not a directory";
    throw notPrivate(`${path} is ${kind}`, "name the directory itself");
  }
  if (!modesApply) return;
  const allowed = owners ?? [effectiveUid()];
  if (!allowed.includes(stats.uid)) {
    const problem = `directory ${path} belongs to uid ${stats.uid}, not to uid ${allowed.join(" or ")}`;
    throw notPrivate(problem, foreignHint(path, stats, `chown ${allowed[0]} ${shellWord(path)}`));
  }
  if ((stats.mode & (othersMayRead ? 0o022 : 0o077)) !== 0) {
    const problem = `directory ${path} is open to other users (mode ${formatMode(stats.mode)})`;
    throw notPrivate(problem, isShared(stats) ? sharedHint(path) : `run: chmod 700 ${shellWord(path)}`);
  }
}

/** As /tmp is. To close it, or to give it to somebody, would harm all who use it: that is no advice to give. */
function isShared({ mode }: Stats): boolean {
  return (mode & 0o1000) !== 0 && (mode & constants.S_IWOTH) !== 0;
}

function sharedHint(path: string): string {
  return `everybody uses it: choose a directory of your own in it, for example ${resolve(path, "my-app")}`;
}

function foreignHint(path: string, stats: Stats, command: string): string {
  if (isShared(stats)) return sharedHint(path);
  // Most directories of root are the system's.
  if (stats.uid === 0) return `choose a directory of your own, or, if this one is meant for you, run: ${command}`;
  return `choose another directory, or run: ${command}`;
}

/**
 * Whoever can write to a directory can rename what is in it, unless its sticky bit is set; so a private directory in a
 * shared one is not private. The owners of the directories above are not judged: in containers and user namespaces the
 * owner of `/` is often neither us nor root, and what such an owner could put in place of our directory does not belong
 * to us, which the check of the directory itself refuses.
 */
async function checkAncestors(path: string, directory: string): Promise<void> {
  let ancestor = await realpath(dirname(directory));
  for (;;) {
    const stats = await lstat(ancestor);
    if (await othersMayRename(stats)) {
      const problem = `${path} is below ${ancestor}, in which other users can rename it (mode ${formatMode(stats.mode)})`;
      throw notPrivate(problem, `choose another directory, or run: chmod go-w ${shellWord(ancestor)}`);
    }
    if (ancestor === dirname(ancestor)) return;
    ancestor = dirname(ancestor);
  }
}

async function othersMayRename({ mode, gid }: Stats): Promise<boolean> {
  const { S_IWOTH, S_IWGRP } = constants;
  const sticky = (mode & 0o1000) !== 0;
  if (sticky) return false;
  if ((mode & S_IWOTH) !== 0) return true;
  return (mode & S_IWGRP) !== 0 && !(await isOwnGroup(gid));
}

function notPrivate(problem: string, hint: string): ConfigError {
  return new ConfigError("ERR_DIRECTORY_NOT_PRIVATE", problem, hint);
}
