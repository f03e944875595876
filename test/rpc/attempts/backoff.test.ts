import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FailureWindow } from "../../../src/interceptors/failure-window.js";
import { backoffMs } from "../../../src/rpc/attempts/retry-policy.js";
import { RetryThrottle } from "../../../src/rpc/attempts/retry-throttle.js";

// Read from the environment to repeat a run that failed; a failure prints it.
const seed = Number(process.env.PINWIRE_SEED ?? Date.now());

const policies = fc.record({
  initialBackoffMs: fc.double({ min: 1e-9, max: 2 ** 31 - 1, noNaN: true }),
  maxBackoffMs: fc.double({ min: 1e-9, max: 2 ** 31 - 1, noNaN: true }),
  backoffMultiplier: fc.double({ min: 1, max: 100, noNaN: true }),
});
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("the backoff", () => {
  it("is finite, never negative, and never over its bounds", () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 10_000 }), chance, (policy, retry, random) => {
        const delay = backoffMs(policy, retry, () => random);
        expect(Number.isFinite(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(policy.maxBackoffMs);
        if (retry === 1) expect(delay).toBeLessThanOrEqual(policy.initialBackoffMs);
      }),
      { seed },
    );
  });

  it("may grow with each retry, up to the largest, and uses the whole of its bound", () => {
    const policy = { initialBackoffMs: 50, maxBackoffMs: 300, backoffMultiplier: 2 };
    const most = [1, 2, 3, 4, 5].map((retry) => backoffMs(policy, retry, () => 1));
    expect(most).toEqual([50, 100, 200, 300, 300]);
    expect(backoffMs(policy, 5, () => 0)).toBe(0);
  });
});

describe("the throttle", () => {
  it("counts as a simulation of gRFC A6 does", () => {
    const limits = fc.record({
      maxTokens: fc.integer({ min: 1, max: 1_000 }),
      tokenRatio: fc.integer({ min: 1, max: 1_000 }).map((thousandths) => thousandths / 1_000),
    });
    fc.assert(
      fc.property(limits, fc.array(fc.boolean(), { maxLength: 300 }), ({ maxTokens, tokenRatio }, successes) => {
        const throttle = new RetryThrottle({ maxTokens, tokenRatio });
        let tokens = maxTokens * 1_000;
        for (const success of successes) {
          if (success) throttle.succeeded();
          else throttle.failed();
          tokens = success ? Math.min(maxTokens * 1_000, tokens + Math.round(tokenRatio * 1_000)) : tokens - 1_000;
          tokens = Math.max(0, tokens);
          expect(throttle.tokens).toBeCloseTo(tokens / 1_000, 6);
          expect(throttle.allows).toBe(tokens > (maxTokens * 1_000) / 2);
        }
      }),
      { seed },
    );
  });

  it("lets half of its tokens be used up, and no more", () => {
    const throttle = new RetryThrottle({ maxTokens: 10, tokenRatio: 0.1 });
    let allowed = 0;
    while (throttle.allows) {
      allowed += 1;
      throttle.failed();
    }
    expect(allowed).toBe(5);
    throttle.failed();
    // Ten successes undo one failure; one more lets a retry through.
    for (let i = 0; i < 11; i++) {
      expect(throttle.allows).toBe(false);
      throttle.succeeded();
    }
    expect(throttle.allows).toBe(true);
  });
});

describe("the window of failures", () => {
  it("holds what is younger than its length, to a tenth of it", () => {
    const events = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 3_000 }), failed: fc.boolean() }));
    fc.assert(
      fc.property(events, (list) => {
        let now = 0;
        const window = new FailureWindow(1_000, () => now);
        const seen: { at: number; failed: boolean }[] = [];
        for (const { afterMs, failed } of list) {
          now += afterMs;
          window.count(failed);
          seen.push({ at: now, failed });
          const within = (ms: number, of: typeof seen) => of.filter(({ at }) => now - at <= ms).length;
          const failures = seen.filter((event) => event.failed);
          expect(window.calls).toBeGreaterThanOrEqual(within(899, seen));
          expect(window.calls).toBeLessThanOrEqual(within(1_000, seen));
          expect(window.failed).toBeGreaterThanOrEqual(within(899, failures));
          expect(window.failed).toBeLessThanOrEqual(within(1_000, failures));
        }
      }),
      { seed },
    );
  });
});
