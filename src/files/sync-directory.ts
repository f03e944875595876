import { open } from "node:fs/promises";
import { modesApply } from "./file-modes.js";

/**
 * Makes a rename, link or removal in a directory survive a power cut (fsync(2): "Calling fsync() does not necessarily
 * ensure that the entry in the directory containing the file has also reached disk"). Windows cannot open directories.
 */
export async function syncDirectory(path: string): Promise<void> {
  if (!modesApply) return;
  await using handle = await open(path, "r");
  await handle.sync();
}
