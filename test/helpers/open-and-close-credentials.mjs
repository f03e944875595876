// Loads and closes credentials many times and compares what the process holds before and after. Runs the built code in a
// process of its own, where nothing else opens anything.
import { readdirSync } from "node:fs";

const [module, directory, rounds] = process.argv.slice(2);
const { loadCredentials } = await import(module);

async function cycle() {
  await (await loadCredentials(directory)).close();
}

/** File descriptors as /proc sees them (0 where there is none), and what keeps the event loop busy. */
function held() {
  let descriptors = 0;
  try {
    descriptors = readdirSync("/proc/self/fd").length;
  } catch {}
  return { descriptors, resources: process.getActiveResourcesInfo().sort() };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 100));
await cycle();
await settle();
const before = held();
for (let round = 0; round < Number(rounds); round++) await cycle();
await settle();
process.send([before, held()], () => process.disconnect());
