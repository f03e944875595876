import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { promisify } from "node:util";
import { ConfigError } from "../../errors.js";

/** Whether a package was not installed but checked out: then no registry need have it, and its version names nothing. */
export function isCheckout(root: string): boolean {
  return !resolve(root).split(sep).includes("node_modules");
}

/**
 * Packs a checkout into a directory, as the .tgz file that `npm pack` makes of it; its scripts do not run.
 *
 * @returns the name of the file
 * @throws ConfigError ERR_FILE_WRITE when npm cannot do it
 */
export async function packCheckout(root: string, version: string, dir: string): Promise<string> {
  const destination = resolve(dir);
  // A shell, because npm is a script there; it takes the words apart again.
  const shell = process.platform === "win32";
  const word = (text: string) => (shell ? `"${text}"` : text);
  try {
    await mkdir(destination, { recursive: true });
    await promisify(execFile)("npm", ["pack", "--ignore-scripts", "--pack-destination", word(destination)], {
      cwd: root,
      shell,
    });
  } catch (cause) {
    const problem = `npm could not pack the checkout ${root}: ${lastLine(cause)}`;
    throw new ConfigError("ERR_FILE_WRITE", problem, "say what to depend on: --pinwire file:/path/to/pinwire.tgz", {
      cause,
    });
  }
  return `pinwire-${version}.tgz`;
}

function lastLine(error: unknown): string {
  const { stderr = "", message } = error as Error & { stderr?: string };
  return (stderr.trim() || message).split("\n").at(-1) ?? message;
}
