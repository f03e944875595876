import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { fileError } from "./file-error.js";
import { modesApply } from "./file-modes.js";
import { syncDirectory } from "./sync-directory.js";

/**
 * Appends one line to a file (created with mode 0600) and returns when it is on the disk. A last line without its end,
 * left by a crash, is cut off first: its writer never heard that it was stored. The caller holds the lock.
 *
 * @throws ERR_FILE_WRITE
 */
export async function appendLineDurably(path: string, line: string): Promise<void> {
  const { O_RDWR, O_CREAT, O_NOFOLLOW = 0 } = constants;
  try {
    await using handle = await open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    const end = await endOfLastLine(handle);
    await handle.truncate(end);
    // The umask can only take bits away; one that took ours would leave a file that we cannot read.
    if (end === 0 && modesApply) await handle.chmod(0o600);
    await writeOrUndo(handle, Buffer.from(`${line}\n`), end);
    if (end === 0) await syncDirectory(dirname(path));
  } catch (error) {
    throw fileError("write", path, error);
  }
}

/** The lines of a file written by {@link appendLineDurably}, without a torn last one. */
export function completeLines(content: string): string[] {
  return content.split("\n").slice(0, -1);
}

async function writeOrUndo(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  try {
    // write() may stop half-way on a full disk; then the next round reports why.
    for (let done = 0; done < bytes.length; ) {
      done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
    }
    await handle.sync();
  } catch (error) {
    await handle.truncate(position).catch(() => undefined);
    throw error;
  }
}

async function endOfLastLine(handle: FileHandle): Promise<number> {
  const block = Buffer.alloc(4096);
  for (let end = (await handle.stat()).size; end > 0; ) {
    const start = Math.max(0, end - block.length);
    const { bytesRead } = await handle.read(block, 0, end - start, start);
    const newline = block.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (newline >= 0) return start + newline + 1;
    end = start;
  }
  return 0;
}
