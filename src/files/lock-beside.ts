import { basename, dirname, join } from "node:path";
import { type LockOptions, withLock } from "./lock-file.js";

/**
 * Runs `action` while nobody else changes one file. The lock has a name of its own: the directory may hold what others lock.
 *
 * @throws ERR_LOCKED, ERR_FILE_WRITE
 */
export function lockBeside<T>(path: string, action: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  return withLock(join(dirname(path), `.${basename(path)}.lock`), action, options);
}
