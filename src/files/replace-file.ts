import { rename } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { modesApply } from "./file-modes.js";

/** Longer than anybody reads one of our files, or looks for viruses in it. */
const patienceMs = 5_000;

/**
 * Renames a file over another one. Windows refuses while anybody has the other one open, if only to read it: there it is
 * tried again.
 */
export async function replaceFile(from: string, to: string): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    try {
      return await rename(from, to);
    } catch (error) {
      const inUse = !modesApply && refusals.has((error as NodeJS.ErrnoException).code ?? "");
      if (!inUse || performance.now() >= giveUpAt) throw error;
    }
    await delay(20);
  }
}

const refusals: ReadonlySet<string> = new Set(["EPERM", "EACCES", "EBUSY"]);
