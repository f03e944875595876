import { randomBytes } from "node:crypto";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where a server of a test can listen. Disposing of it removes what is left. */
export interface TempSocket extends Disposable {
  /** For `listen()` and for a client's `target`. */
  readonly address: string;
}

/**
 * A place for a socket that nobody else has, in a private directory that goes away with it; on Windows a pipe with a name
 * that nobody can guess.
 */
export function tempSocket(): TempSocket {
  if (process.platform === "win32") {
    return { address: `npipe:pinwire-test-${randomBytes(16).toString("hex")}`, [Symbol.dispose]: () => {} };
  }
  const directory = mkdtempSync(join(realpathSync(tmpdir()), "pinwire-"));
  return {
    address: `unix:${join(directory, "test.sock")}`,
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}
