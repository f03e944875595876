import { describe, expect, it } from "vitest";
import type { DirectStream } from "../../../src/rpc/direct/direct-stream.js";
import { PartialBudget } from "../../../src/rpc/direct/partial-budget.js";
import { PartialMessages } from "../../../src/rpc/direct/partial-messages.js";

const mebibyte = 1024 * 1024;

/** What the messages that arrive know of a stream. */
function stream(granted: string[] = [], name = ""): DirectStream {
  return { creditAhead: () => granted.push(name) } as unknown as DirectStream;
}

describe("PartialMessages", () => {
  it("holds 16 messages of the largest size and 64 MiB more, and not a byte beyond", () => {
    const messages = new PartialMessages(mebibyte);
    expect(messages.hold(80 * mebibyte)).toBe(true);
    expect(messages.hold(1)).toBe(false);
    messages.release(1);
    expect(messages.hold(0)).toBe(true);
  });

  it("of one peer share a bound, and give back what they held", () => {
    const shared = new PartialBudget(100 * mebibyte);
    const [first, second] = [new PartialMessages(mebibyte, shared), new PartialMessages(mebibyte, shared)];
    expect(first.hold(60 * mebibyte)).toBe(true);
    expect(second.hold(40 * mebibyte)).toBe(true);
    expect(second.hold(1)).toBe(false);
    first.release(1);
    expect(second.hold(0)).toBe(true);
  });

  it("gives credit ahead to 16 at a time, and to the others in their order", () => {
    const granted: string[] = [];
    const messages = new PartialMessages(mebibyte);
    const first = Array.from({ length: 16 }, () => stream());
    expect(first.map((each) => messages.mayGoAhead(each))).toEqual(first.map(() => true));
    expect(messages.mayGoAhead(first[3] as DirectStream)).toBe(true);
    const [a, b, c] = ["a", "b", "c"].map((name) => stream(granted, name)) as [
      DirectStream,
      DirectStream,
      DirectStream,
    ];
    expect([a, b, c, a].map((each) => messages.mayGoAhead(each))).toEqual([false, false, false, false]);
    messages.done(first[5] as DirectStream);
    expect(granted).toEqual(["a"]);
    expect(messages.mayGoAhead(a)).toBe(true);
    expect(messages.mayGoAhead(b)).toBe(false);
    // Whoever was cancelled is left out.
    messages.done(b);
    expect(granted).toEqual(["a"]);
    messages.done(a);
    expect(granted).toEqual(["a", "c"]);
  });

  it("does not mind the end of a message that never needed credit ahead", () => {
    const messages = new PartialMessages(mebibyte);
    messages.done(stream());
    expect(messages.mayGoAhead(stream())).toBe(true);
  });
});
