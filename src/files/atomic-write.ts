import { randomBytes } from "node:crypto";
import { link, open, readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ConfigError } from "../errors.js";
import { fileError } from "./file-error.js";
import { modesApply } from "./file-modes.js";
import { replaceFile } from "./replace-file.js";
import { syncDirectory } from "./sync-directory.js";

export interface WriteOptions {
  /** The mode it ends up with, whatever the umask. */
  readonly mode: number;
  /** Whether a file that is there is replaced. Default: false, then it is an error. */
  readonly overwrite?: boolean;
}

/**
 * Writes a file so that every reader, at every moment and after a power cut, finds the old content or the new one and
 * never a part. At no moment does it have a wider mode than asked for.
 *
 * @throws ERR_FILE_EXISTS, ERR_FILE_WRITE
 */
export async function writeFileAtomically(
  path: string,
  data: string | Uint8Array,
  { mode, overwrite = false }: WriteOptions,
): Promise<void> {
  // In the same directory, because rename and link do not cross file systems.
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    await writeNew(temporary, data, mode);
    if (overwrite) await replaceFile(temporary, path);
    else await publish(temporary, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    throw fileError("write", path, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/**
 * Removes the temporary files that killed writers left in a directory; one of them may hold a private key. Only for who
 * holds the lock of the directory, because a living writer's look the same.
 */
export async function removeLeftovers(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => temporaryName.test(name));
  await Promise.all(names.map((name) => rm(join(directory, name), { force: true })));
}

const temporaryName = /^\..+\.[0-9a-f]{12}\.tmp$/;

async function writeNew(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  await using handle = await open(path, "wx", mode & 0o600);
  // After the content is in: a wider mode must not come first, and the umask may have taken bits away.
  await handle.writeFile(data);
  if (modesApply) await handle.chmod(mode);
  await handle.sync();
}

/** `link` fails when the name is taken, `rename` would replace what is there. */
async function publish(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new ConfigError("ERR_FILE_EXISTS", `${path} exists`, "choose another path, or say that it may be replaced", {
      cause: error,
    });
  }
}
