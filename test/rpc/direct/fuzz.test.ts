import { randomInt } from "node:crypto";
import { describe, expect, it } from "vitest";
import { runSequence } from "../../../scripts/direct-fuzzer.js";

// A short run of `npm run fuzz`, which says what is checked.
describe("random and mutated sequences of frames", () => {
  it("end with a violation or not at all, and break no promise", async () => {
    const first = randomInt(2 ** 31);
    const outcomes = new Set<string>();
    for (let seed = first; seed < first + 3_000; seed++) {
      try {
        const { role, violation } = await runSequence(seed);
        outcomes.add(`${role} ${violation}`);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    // They reach far: most violations there are, in both roles.
    expect(outcomes.size).toBeGreaterThan(25);
  });
});
