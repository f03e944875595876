import { linkSync, lstatSync, type Stats, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { ConfigError } from "../errors.js";
import { shellWord } from "../files/file-modes.js";
import { lockBeside } from "../files/lock-beside.js";
import type { UnixAddress } from "./address.js";

/**
 * Gives the socket at `hidden` its real name with `link`, which fails where something is there already (`rename` would
 * overwrite it). A socket that nobody answers on any more is replaced; everything else stays as it is.
 *
 * @throws ConfigError ERR_ADDRESS_IN_USE, ERR_NOT_A_SOCKET
 */
export async function publishSocket(hidden: string, { path }: UnixAddress): Promise<void> {
  if (tryLink(hidden, path)) return;
  // Of two servers that find the same stale file, the slower one would remove the live socket of the faster one: only
  // who holds the lock removes anything.
  await lockBeside(path, () => replaceStale(hidden, path)).catch((cause) => {
    if (cause?.code !== "ERR_LOCKED") throw cause;
    throw inUse(path, "another server is starting on it", cause);
  });
}

async function replaceStale(hidden: string, path: string): Promise<void> {
  const found = lookAt(path);
  if (found !== undefined) {
    if (!found.isSocket()) throw notASocket(path, found);
    if (await isAnswered(path)) throw inUse(path, "another server answers on it");
    const still = lookAt(path);
    if (still?.ino === found.ino && still.dev === found.dev) unlinkSync(path);
  }
  if (!tryLink(hidden, path)) throw inUse(path, "another server was faster");
}

function tryLink(hidden: string, path: string): boolean {
  try {
    linkSync(hidden, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}

function lookAt(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Only a refused connection proves that nobody listens; a full queue (EAGAIN) or a missing right (EACCES) does not. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code !== "ECONNREFUSED" && code !== "ENOENT"));
  });
}

function inUse(path: string, reason: string, cause?: unknown): ConfigError {
  const hint = "stop that server, or choose another path";
  return new ConfigError("ERR_ADDRESS_IN_USE", `the socket ${path} is in use: ${reason}`, hint, { cause });
}

function notASocket(path: string, found: Stats): ConfigError {
  const kind = found.isSymbolicLink() ? "a symbolic link" : found.isDirectory() ? "a directory" : "not a socket";
  const hint = `choose another path, or look at it and remove it: ls -ld ${shellWord(path)}`;
  return new ConfigError("ERR_NOT_A_SOCKET", `${path} is ${kind}; it was not touched`, hint);
}
