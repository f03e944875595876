import { performance } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import { checkOutput, expectThat, type Fuzzed } from "./fuzz-checks.js";
import { fuzzedClient } from "./fuzzed-client.js";
import { segments } from "./fuzzed-frames.js";
import { fuzzedServer } from "./fuzzed-server.js";
import { Random } from "./random.js";

export interface SequenceResult {
  readonly role: "client" | "server";
  /** Undefined when the whole sequence was good enough. */
  readonly violation: string | undefined;
  readonly calls: number;
  readonly bytes: number;
  readonly ms: number;
}

/**
 * Runs one random sequence of frames against one end of a connection; the seed says all. The end may answer with a
 * violation and nothing else: no throw, no call left over, no frame of its own that breaks the protocol.
 *
 * @throws Error "broken: …" with the promise that was not kept
 */
export async function runSequence(seed: number): Promise<SequenceResult> {
  const random = new Random(seed);
  const begin = performance.now();
  const fuzzed = random.chance(0.5) ? fuzzedServer(random) : fuzzedClient(random);
  await deliver(fuzzed, random);
  fuzzed.connection.destroy(new Error("the sequence is over"));
  const { violation, calls } = fuzzed.finish();
  expectThat(violation?.violation !== "INTERNAL_ERROR", `only the peer is to blame (${violation?.message})`);
  checkOutput(fuzzed, violation);
  return {
    role: fuzzed.role,
    violation: violation?.violation,
    calls,
    bytes: fuzzed.input.length,
    ms: performance.now() - begin,
  };
}

async function deliver({ connection, input, act }: Fuzzed, random: Random): Promise<void> {
  const found = segments(random, input);
  // A few times in a sequence, however many segments it has.
  const [often, seldom] = [8 / found.length, 2 / found.length];
  for (const segment of found) {
    connection.receive(segment);
    if (random.chance(often)) act();
    if (random.chance(seldom)) await setImmediate();
    if (random.chance(often)) connection.fake.drain();
  }
  for (let turns = random.below(3); turns > 0; turns--) {
    act();
    await setImmediate();
    connection.fake.drain();
  }
  // What is on its way out leaves.
  await setImmediate();
}
