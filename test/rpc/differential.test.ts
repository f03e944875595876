// Random programs of calls on the direct transport and on HTTP/2, against the same server: their users must see the same.
// What "the same" means, and where HTTP/2 by grpc-js leaves room, is in test/helpers/differential/expectation.ts; what is
// random, in arbitrary-program.ts.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryProgram } from "../helpers/differential/arbitrary-program.js";
import { comparable, contradictions } from "../helpers/differential/compare.js";
import { expectationOf } from "../helpers/differential/expectation.js";
import type { Program } from "../helpers/differential/program.js";
import { Stage } from "../helpers/differential/stage.js";

const numRuns = Number(process.env.PINWIRE_PROGRAMS ?? 100);
const seed = Number(process.env.PINWIRE_SEED ?? Math.floor(Math.random() * 2 ** 31));

const transports = ["direct", "h2"] as const;

describe("both transports", () => {
  it(`do the same in ${numRuns} random programs (PINWIRE_SEED=${seed})`, {
    timeout: 1_000 + numRuns * 2_000,
  }, async () => {
    const stage = new Stage();
    await fc.assert(
      fc.asyncProperty(arbitraryProgram, (program) => expectSame(stage, program)),
      { numRuns, seed },
    );
  });
});

async function expectSame(stage: Stage, program: Program): Promise<void> {
  const [direct = [], h2 = []] = await Promise.all(transports.map((transport) => stage.run(program, transport)));
  for (const [i, plan] of program.calls.entries()) {
    const performed = [direct[i], h2[i]];
    const expected = transports.map((transport) => expectationOf(plan, program.limits, transport));
    const results = performed.map((each, side) => {
      const expectation = expected[side];
      if (each === undefined || expectation === undefined) throw new Error("a call was not performed");
      const found = contradictions(expectation, each.observed, each.seen, plan);
      expect(found, `call ${i} on ${transports[side]}`).toEqual([]);
      return comparable(expected, each.observed);
    });
    expect(results[0], `call ${i}, direct and h2`).toEqual(results[1]);
  }
}
