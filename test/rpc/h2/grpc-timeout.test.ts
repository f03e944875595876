import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseGrpcTimeout } from "../../../src/rpc/h2/grpc-timeout.js";

const seed = Number(process.env.PINWIRE_SEED ?? Date.now());

describe("grpc-timeout", () => {
  it("is one to eight digits and a unit", () => {
    expect(parseGrpcTimeout(undefined)).toBeUndefined();
    const values = { "1H": 3_600_000, "2M": 120_000, "3S": 3_000, "4m": 4, "5u": 0.005, "6n": 0.000006 };
    for (const [text, ms] of Object.entries(values)) expect(parseGrpcTimeout(text)).toBeCloseTo(ms, 9);
    expect(parseGrpcTimeout("0S")).toBe(0);
    expect(parseGrpcTimeout("00000007m")).toBe(7);
    expect(parseGrpcTimeout("99999999H")).toBe(99_999_999 * 3_600_000);
  });

  const malformed = ["", "S", "10", "-1S", "+1S", "1 S", " 1S", "1S ", "1.5S", "1e3m", "123456789S", "1s", "1h", "1ms"];
  for (const text of [...malformed, "1S, 2S", "0x1S", "١S", "1S\n", "NaNS", "InfinityS"]) {
    it(`is not ${JSON.stringify(text)}`, () => expect(parseGrpcTimeout(text)).toBeNaN());
  }

  it("is never negative or infinite, whatever is sent", () => {
    const parts = fc.array(fc.constantFrom(..."0123456789HMSmun-+. ,e"), { maxLength: 12 }).map((c) => c.join(""));
    fc.assert(
      fc.property(fc.oneof(parts, fc.string()), (text) => {
        const ms = parseGrpcTimeout(text) as number;
        expect(Number.isNaN(ms) || (ms >= 0 && Number.isFinite(ms))).toBe(true);
      }),
      { seed, numRuns: 2_000 },
    );
  });
});
