import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TokenBucket } from "../src/token-bucket.js";

const seed = Number(process.env.PINWIRE_SEED ?? Date.now());

describe("a token bucket", () => {
  it("gives its burst at once, then one by one at its rate", () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
    expect([1, 2, 3].map(() => bucket.take(0))).toEqual([0, 0, 0]);
    expect(bucket.take(0)).toBe(100);
    expect(bucket.take(99)).toBe(1);
    expect(bucket.take(100)).toBe(0);
    expect(bucket.take(100)).toBe(100);
  });

  it("never holds more than its burst, however long the pause", () => {
    const bucket = new TokenBucket({ perSecond: 1_000, burst: 2 }, 0);
    expect([1, 2, 3].map(() => bucket.take(1e12) === 0)).toEqual([true, true, false]);
  });

  it("asks for no longer wait than a timer can do, however small the rate", () => {
    for (const perSecond of [1e-9, 1e-17, 1e-306, Number.MIN_VALUE]) {
      const bucket = new TokenBucket({ perSecond, burst: 1 }, 0);
      expect(bucket.take(0)).toBe(0);
      expect(bucket.take(0)).toBe(2_147_483_647);
    }
  });

  it("takes back what was not used", () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, 0);
    bucket.take(0);
    expect(bucket.isFull(0)).toBe(false);
    bucket.giveBack();
    expect(bucket.isFull(0)).toBe(true);
    bucket.giveBack();
    expect([bucket.take(0), bucket.take(0)]).toEqual([0, 1_000]);
  });

  it("neither fills nor stays shut when the clock goes back", () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, 1e9);
    bucket.take(1e9);
    expect(bucket.take(0)).toBe(1_000);
    expect(bucket.take(1_000)).toBe(0);
  });

  it(`agrees with a simulation that counts in integers (seed ${seed})`, () => {
    const run = fc.record({
      // One token takes this many milliseconds, so that the simulation is exact.
      msPerToken: fc.integer({ min: 1, max: 5_000 }),
      burst: fc.integer({ min: 1, max: 50 }),
      pauses: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20_000 })), { maxLength: 200 }),
    });
    fc.assert(
      fc.property(run, ({ msPerToken, burst, pauses }) => {
        const bucket = new TokenBucket({ perSecond: 1_000 / msPerToken, burst }, 0);
        // In units of 1/msPerToken of a token.
        let held = burst * msPerToken;
        let now = 0;
        for (const pause of pauses) {
          now += pause;
          held = Math.min(burst * msPerToken, held + pause);
          const expected = held >= msPerToken ? 0 : msPerToken - held;
          if (expected === 0) held -= msPerToken;
          const waitMs = bucket.take(now);
          // Rounding may cost a millisecond of waiting, never a decision.
          if (expected === 0 || waitMs === 0) expect(waitMs).toBe(expected);
          else expect(Math.abs(waitMs - expected)).toBeLessThanOrEqual(1);
        }
      }),
      { seed, numRuns: 500 },
    );
  });

  it(`never gives more than burst + rate × time, and always gives after the wait it asked for (seed ${seed})`, () => {
    const run = fc.record({
      perSecond: fc.double({ min: 0.01, max: 1e6, noNaN: true }),
      burst: fc.integer({ min: 1, max: 1_000 }),
      pauses: fc.array(fc.double({ min: 0, max: 5_000, noNaN: true }), { maxLength: 300 }),
    });
    fc.assert(
      fc.property(run, ({ perSecond, burst, pauses }) => {
        const bucket = new TokenBucket({ perSecond, burst }, 0);
        let now = 0;
        let taken = 0;
        for (const pause of pauses) {
          now += pause;
          const waitMs = bucket.take(now);
          if (waitMs === 0) taken += 1;
          expect(taken).toBeLessThanOrEqual(burst + (perSecond * now) / 1_000 + 1e-3);
          if (waitMs === 0) continue;
          now += waitMs;
          expect(bucket.take(now)).toBe(0);
          taken += 1;
        }
      }),
      { seed, numRuns: 300 },
    );
  });
});
