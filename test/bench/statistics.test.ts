import { describe, expect, it } from "vitest";
import { median, percentile } from "../../bench/statistics.js";

describe("percentile", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  it("is the value that this part of all values does not exceed", () => {
    const at = percentile(hundred);
    expect([0.5, 0.99, 0.999, 1].map(at)).toEqual([50, 99, 100, 100]);
  });

  it("of one value is that value", () => {
    expect(percentile([7])(0.001)).toBe(7);
  });

  it("of nothing is not a number", () => {
    expect(percentile([])(0.5)).toBeNaN();
  });
});

describe("median", () => {
  it("is the middle value, or lies between the two", () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
  });
});
