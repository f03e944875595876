// Why: whatever bytes an authenticated peer sends, a link answers with a named violation or not at all. Random and mutated
// sequences of frames go to a server's link and to a client's, without sockets, a million by default; what the links write
// is checked against the protocol by code that is not theirs. It would miss faults that need real time (keepalive), real
// TLS, or sequences longer than a few dozen frames; test/attacks/direct-*.test.ts have those. A loop without end would hang it.
//
//   node dist/scripts/fuzz-direct.js [SEQUENCES] [--seed SEED]
//
// A failure names the seed of its sequence: repeat it alone with "1 --seed SEED".
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { runSequence } from "./direct-fuzzer.js";

const { positionals, values } = parseArgs({ allowPositionals: true, options: { seed: { type: "string" } } });
const sequences = Number(positionals[0] ?? 1_000_000);
const firstSeed = Number(values.seed ?? randomInt(2 ** 31));
/** No sequence may take longer; one that did is run again, because the machine may have been busy. */
const mostMs = 50;
const mostGrowthMiB = 32;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const counts = new Map<string, number>();
let calls = 0;
let slowest = { ms: 0, seed: firstSeed };
console.log(`seed ${firstSeed}, ${sequences} sequences`);
const begin = performance.now();
let baseline = 0;
for (let index = 0; index < sequences; index++) {
  const seed = (firstSeed + index) >>> 0;
  const result = await run(seed);
  const outcome = `${result.role} ${result.violation ?? "no violation"}`;
  counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  calls += result.calls;
  if (result.ms > slowest.ms) {
    const ms = await shortestOf(seed, result.ms);
    if (ms > slowest.ms) slowest = { ms, seed };
  }
  if (index === Math.floor(sequences / 10)) baseline = heapMiB();
  if ((index + 1) % 100_000 === 0) console.log(`${index + 1} after ${seconds()} s, heap ${heapMiB()} MiB`);
}
report();

async function run(seed: number) {
  try {
    return await runSequence(seed);
  } catch (error) {
    console.error(`fuzz-direct: error: seed ${seed}: ${error instanceof Error ? error.stack : error}`);
    process.exit(1);
  }
}

/** The shortest of some runs: the others were interrupted. */
async function shortestOf(seed: number, ms: number): Promise<number> {
  let shortest = ms;
  for (let again = 0; again < 5 && shortest > mostMs / 25; again++) shortest = Math.min(shortest, (await run(seed)).ms);
  return shortest;
}

function report(): void {
  const growthMiB = heapMiB() - baseline;
  for (const [outcome, count] of [...counts].sort()) console.log(`${String(count).padStart(8)}  ${outcome}`);
  console.log(`${sequences} sequences in ${seconds()} s, ${calls} calls, no promise broken`);
  console.log(`slowest ${slowest.ms.toFixed(1)} ms (seed ${slowest.seed}), heap grew by ${growthMiB.toFixed(1)} MiB`);
  if (slowest.ms > mostMs) fail(`a sequence took ${slowest.ms.toFixed(1)} ms`);
  if (growthMiB > mostGrowthMiB) fail(`the heap grew by ${growthMiB.toFixed(1)} MiB`);
}

function fail(problem: string): void {
  console.error(`fuzz-direct: error: ${problem}`);
  process.exitCode = 1;
}

function seconds(): string {
  return ((performance.now() - begin) / 1_000).toFixed(0);
}

function heapMiB(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return Math.round(((heapUsed + external) / 2 ** 20) * 10) / 10;
}
