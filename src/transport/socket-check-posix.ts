import type { Stats } from "node:fs";
import { lstat } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigError, PeerError } from "../errors.js";
import { effectiveUid } from "../files/file-modes.js";
import { checkPrivateDirectory } from "../files/private-directory.js";
import type { UnixAddress } from "./address.js";

/** Both are looked at in one go, but judged in order: what is in a directory that others can change means nothing. */
export async function checkServerSocketPosix(
  { path }: UnixAddress,
  owners: readonly number[] = [...new Set([effectiveUid(), 0])],
): Promise<void> {
  const looking = lstat(path).catch((cause) => lookError(path, cause));
  await checkPrivateDirectory(dirname(path), { owners }).catch((cause) => {
    throw directoryError(path, cause);
  });
  const found = await looking;
  if (found instanceof PeerError) throw found;
  requireSocket(path, found, owners);
}

function requireSocket(path: string, found: Stats, owners: readonly number[]): void {
  if (!found.isSocket()) {
    const kind = found.isSymbolicLink() ? "a symbolic link, which is never followed" : "not a socket";
    throw new PeerError("ERR_NOT_A_SOCKET", `${path} is ${kind}`);
  }
  if (!owners.includes(found.uid)) {
    const expected = owners.join(" or ");
    throw new PeerError("ERR_SOCKET_OWNER", `the socket ${path} belongs to uid ${found.uid}, not to uid ${expected}`);
  }
}

function directoryError(path: string, cause: unknown): PeerError {
  if (!(cause instanceof ConfigError) || cause.code.startsWith("ERR_FILE_")) return lookError(path, cause);
  return new PeerError(cause.code, `the server's socket ${path} cannot be trusted: ${cause.problem}`, { cause });
}

function lookError(path: string, cause: unknown): PeerError {
  const { code = "unknown error", message } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR" || code === "ERR_FILE_MISSING") {
    return new PeerError("ERR_NO_SOCKET", `there is no socket at ${path}`, { cause });
  }
  return new PeerError("ERR_CONNECT_FAILED", `cannot look at the socket ${path}: ${message}`, { cause });
}
