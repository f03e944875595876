import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LatencyHistogram } from "../../src/interceptors/latency-histogram.js";

describe("a latency histogram", () => {
  it("gives percentiles that are right to 7 %, whatever was added", () => {
    const durations = fc.array(fc.double({ min: 0.001, max: 3_000_000, noNaN: true }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.9, 0.99, 1), (all, share) => {
        const histogram = new LatencyHistogram();
        for (const each of all) histogram.add(each);
        const exact = all.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(all.length * share)) - 1] ?? 0;
        const found = histogram.percentileMs(share);
        expect(found).toBeGreaterThanOrEqual(exact * 0.999);
        expect(found).toBeLessThanOrEqual(exact * 1.07 + 0.001);
      }),
    );
  });

  it("takes what is too small and too large, and says nothing of nothing", () => {
    const histogram = new LatencyHistogram();
    expect(histogram.percentileMs(0.5)).toBe(0);
    histogram.add(0);
    histogram.add(1e12);
    expect(histogram.count).toBe(2);
    expect(histogram.maxMs).toBe(1e12);
    expect(histogram.percentileMs(0.5)).toBeLessThan(0.01);
  });
});
