import { join } from "node:path";
import { removeLeftovers } from "./atomic-write.js";
import { withLock } from "./lock-file.js";

/**
 * Runs `action` while nobody else changes a directory, and without what writers that were killed have left in it.
 *
 * @param name of the lock, which everybody who changes the directory has to use
 * @throws ERR_LOCKED, ERR_FILE_WRITE
 */
export function lockDirectory<T>(directory: string, name: string, action: () => Promise<T>): Promise<T> {
  return withLock(join(directory, name), async () => {
    await removeLeftovers(directory);
    return action();
  });
}
