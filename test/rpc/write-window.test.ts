import { describe, expect, it } from "vitest";
import { WriteWindow } from "../../src/rpc/write-window.js";

/** Whether a promise settles without anything else happening. */
async function settles(promise: Promise<void> | undefined): Promise<boolean> {
  let settled = false;
  void promise?.then(() => {
    settled = true;
  });
  await new Promise(setImmediate);
  return settled;
}

describe("how far a writer may run ahead", () => {
  it("is a few messages: then it waits until enough of them have left", async () => {
    const window = new WriteWindow(100);
    expect(window.add(99)).toBeUndefined();
    const slow = window.add(50);
    expect(slow).toBeInstanceOf(Promise);
    expect(window.add(1)).toBe(slow);
    window.remove(50);
    expect(await settles(slow)).toBe(false);
    window.remove(1);
    expect(await settles(slow)).toBe(true);
    expect(window.add(0)).toBeUndefined();
  });

  it("does not matter any more when the call is over: nobody waits, and nobody begins to", async () => {
    const window = new WriteWindow(100);
    const slow = window.add(100);
    window.close();
    expect(await settles(slow)).toBe(true);
    expect(window.add(1_000)).toBeUndefined();
  });
});
