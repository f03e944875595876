import { dirname, isAbsolute } from "node:path";
import { ConfigError } from "../errors.js";
import { effectiveUid, modesApply } from "./file-modes.js";

/**
 * Turns what the file system threw into a `ConfigError` that says what to do. Everything else (our own errors, a bug)
 * passes through, so that a catch block may cover more than the system call.
 */
export function fileError(action: "read" | "write", path: string, cause: unknown): unknown {
  if (!isSystemError(cause)) return cause;
  const errno = cause.code;
  if (errno === "ENOENT" && action === "read") {
    return new ConfigError("ERR_FILE_MISSING", `${path} does not exist`, missingHint(path), { cause });
  }
  const code = action === "read" ? "ERR_FILE_UNREADABLE" : "ERR_FILE_WRITE";
  return new ConfigError(code, `cannot ${action} ${path}: ${reason(errno)}`, hint(errno, action, path), { cause });
}

/** Most often a path that is relative and meant for another directory: a desktop app starts anywhere. */
function missingHint(path: string): string {
  return isAbsolute(path) ? "check the path" : `check the path; it is looked for in ${process.cwd()}`;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException & { code: string } {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string";
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  ENOENT: "no such directory",
  ENOTDIR: "part of the path is not a directory",
  EISDIR: "it is a directory",
  ELOOP: "it is a symbolic link",
  ENOSPC: "no space left on the device",
  EDQUOT: "disk quota exceeded",
  EFBIG: "file too large",
  EROFS: "the file system is read-only",
  EIO: "input/output error",
  EMFILE: "too many open files",
  ENAMETOOLONG: "the name is too long",
};

function reason(errno: string): string {
  const text = reasons[errno];
  return text === undefined ? errno : `${text} (${errno})`;
}

function hint(errno: string, action: string, path: string): string {
  switch (errno) {
    case "EACCES":
    case "EPERM":
      if (!modesApply) return `see whether another program has ${path} open, and whom its ACL lets ${action} it`;
      return `run as the owner of ${path}, or let uid ${effectiveUid()} ${action} it`;
    case "ENOSPC":
    case "EDQUOT":
      return `free space on the file system of ${dirname(path)} and try again; nothing was replaced`;
    case "EROFS":
      return "choose a directory on a writable file system";
    case "EMFILE":
      return "raise the limit of open files (ulimit -n)";
    case "EIO":
      return "check the disk, then try again";
    default:
      return `check the path ${path}`;
  }
}
