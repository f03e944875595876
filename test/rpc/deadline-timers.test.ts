import { performance } from "node:perf_hooks";
import { describe, expect, it } from "vitest";
import { DeadlineTimers } from "../../src/rpc/deadline-timers.js";

describe("the timers of deadlines", () => {
  it("keep no moment for calls that are over, however many far ones a peer has named", () => {
    const timers = new DeadlineTimers();
    const now = performance.now();
    const day = 86_400_000;
    for (let i = 0; i < 200_000; i++) {
      const call = { deadlineAt: now + day + i * 8, expire() {} };
      timers.arm(call);
      timers.disarm(call);
    }
    expect(timers.size).toBeLessThanOrEqual(8_192);
  });

  it("still end those that are under way", async () => {
    const timers = new DeadlineTimers();
    const now = performance.now();
    const ended = new Promise<number>((resolve) => {
      timers.arm({ deadlineAt: now + 300, expire: () => resolve(performance.now()) });
    });
    for (let i = 0; i < 20_000; i++) {
      const call = { deadlineAt: now + 1_000 + i * 8, expire() {} };
      timers.arm(call);
      if (i % 2 === 0) timers.disarm(call);
    }
    expect(timers.size).toBeGreaterThan(10_000);
    // Its timer does not keep a process alive.
    const alive = setInterval(() => {}, 1_000);
    expect(await ended).toBeGreaterThanOrEqual(now + 300);
    clearInterval(alive);
  });

  it("never end a call before its deadline", async () => {
    const timers = new DeadlineTimers();
    const alive = setInterval(() => {}, 1_000);
    const begun = performance.now();
    const early = await Promise.all(
      Array.from({ length: 60 }, (_, i) => {
        const deadlineAt = begun + 20 + i * 1.7;
        return new Promise<number>((resolve) => {
          timers.arm({ deadlineAt, expire: () => resolve(Math.max(0, deadlineAt - performance.now())) });
        });
      }),
    );
    clearInterval(alive);
    expect(early.filter((ms) => ms > 0)).toEqual([]);
  });
});
