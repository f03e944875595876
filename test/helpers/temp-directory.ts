import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A new directory (mode 0700) that goes away with the test that asked for it. */
export function tempDirectory(): string {
  const path = mkdtempSync(join(realpathSync(tmpdir()), "pinwire-"));
  // Some tests fill it with tens of thousands of files; in some a file that was on its way arrives only now.
  onTestFinished(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }), 300_000);
  return path;
}
