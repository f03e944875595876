import { constants } from "node:fs";
import { open } from "node:fs/promises";

/**
 * UV_FS_O_EXLOCK of libuv, which Node.js passes on but does not name: the file is opened without sharing, so that nobody else
 * can open it as long as this process lives.
 */
const exclusive = 0x1000_0000;

/**
 * Makes the file of a contender and keeps it open. Windows has no start time to tell a process from an older one with
 * its id, and gives ids away again soon: after a crash a lock could look held by a stranger for ever. A file that is open
 * is closed with its process, whichever way that ends.
 */
export async function takeWindows(file: string): Promise<AsyncDisposable> {
  const { O_RDWR, O_CREAT, O_EXCL } = constants;
  return open(file, O_RDWR | O_CREAT | O_EXCL | exclusive, 0o600);
}

/** Whether the process that made the file still has it open. */
export async function isHeldWindows({ file }: { readonly file: string }): Promise<boolean> {
  try {
    await (await open(file, "r")).close();
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}
