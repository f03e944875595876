// Loads and closes credentials many times and reports what is left of them. Runs the built code in a process of its own,
// where nothing else opens anything; needs --expose-gc.
import { readdirSync, readFileSync } from "node:fs";

const [module, directory, rounds] = process.argv.slice(2);
const { loadCredentials } = await import(module);

async function cycle() {
  const credentials = await loadCredentials(directory);
  const reference = new WeakRef(credentials);
  await credentials.close();
  return reference;
}

/** File descriptors and watched inodes as /proc sees them (none where there is no /proc). */
function held() {
  try {
    const descriptors = readdirSync("/proc/self/fd");
    const details = descriptors.map((descriptor) => {
      try {
        return readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8");
      } catch {
        return "";
      }
    });
    return { descriptors: descriptors.length, watches: details.join("").split("inotify wd:").length - 1 };
  } catch {
    return {};
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 100));
await cycle();
await settle();
const before = held();
const references = [];
for (let round = 0; round < Number(rounds); round++) references.push(await cycle());
await settle();
// A timer or a watcher that is still there would hold on to what it calls.
globalThis.gc();
const alive = references.filter((reference) => reference.deref() !== undefined).length;
process.send({ before, after: held(), alive }, () => process.disconnect());
