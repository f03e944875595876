import { describe, expect, it } from "vitest";
import { NoiseBudget } from "../../../src/rpc/direct/noise-budget.js";
import { ProtocolViolation } from "../../../src/rpc/direct/violation.js";

const tooMuch = new ProtocolViolation("TOO_MUCH_NOISE", "too many frames that lead to nothing");

describe("NoiseBudget", () => {
  it("allows a burst, and not one more", () => {
    const budget = new NoiseBudget(() => 0);
    spend(budget, 4_096);
    expect(() => budget.spend()).toThrow(tooMuch);
  });

  it("allows 1,024 a second after that", () => {
    let now = 0;
    const budget = new NoiseBudget(() => now);
    spend(budget, 4_096);
    now = 500;
    spend(budget, 512);
    expect(() => budget.spend()).toThrow(tooMuch);
    now = 1_500;
    spend(budget, 1_024);
    expect(() => budget.spend()).toThrow(tooMuch);
  });

  it("never holds more than a burst, however long it was quiet", () => {
    let now = 0;
    const budget = new NoiseBudget(() => now);
    spend(budget, 4_096);
    now = 3_600_000;
    spend(budget, 4_096);
    expect(() => budget.spend()).toThrow(tooMuch);
  });

  it("gets one back with each call that was served", () => {
    const budget = new NoiseBudget(() => 0);
    budget.earn();
    spend(budget, 4_096);
    for (let i = 0; i < 3; i++) budget.earn();
    spend(budget, 3);
    expect(() => budget.spend()).toThrow(tooMuch);
  });
});

function spend(budget: NoiseBudget, times: number): void {
  for (let i = 0; i < times; i++) budget.spend();
}
