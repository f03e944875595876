// Adds one to a counter file, again and again, reading and writing it under the lock. If two processes ever hold the
// lock at once, an addition gets lost. Runs the built code, because it is a process of its own.
import { readFileSync, writeFileSync } from "node:fs";

const [module, path, counter, rounds] = process.argv.slice(2);
const { withLock } = await import(module);

for (let round = 0; round < Number(rounds); round++) {
  await withLock(
    path,
    async () => {
      const value = Number(readFileSync(counter, "utf8"));
      await new Promise(setImmediate);
      writeFileSync(counter, String(value + 1));
    },
    { waitMs: 30_000 },
  );
}
