import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { wallClockAlarm } from "../../src/transport/wall-clock-alarm.js";

const day = 86_400_000;

describe("wallClockAlarm", () => {
  beforeEach(() => void vi.useFakeTimers({ now: 0 }));
  afterEach(() => void vi.useRealTimers());

  it("rings once, also after more than the 24.8 days that a timer can hold", () => {
    let rings = 0;
    wallClockAlarm(40 * day, Date.now, () => rings++);
    vi.advanceTimersByTime(40 * day - 1);
    expect(rings).toBe(0);
    vi.advanceTimersByTime(2 * day);
    expect(rings).toBe(1);
  });

  it("notices within a minute that the clock was set, or that the machine slept", () => {
    let rings = 0;
    wallClockAlarm(day, Date.now, () => rings++);
    vi.advanceTimersByTime(1_000);
    vi.setSystemTime(2 * day);
    vi.advanceTimersByTime(60_000);
    expect(rings).toBe(1);
  });

  it("rings soon when the time has passed already, but never before it was returned", () => {
    let rings = 0;
    wallClockAlarm(-1, Date.now, () => rings++);
    expect(rings).toBe(0);
    vi.advanceTimersByTime(1);
    expect(rings).toBe(1);
  });

  it("does not ring when it was disposed", () => {
    let rings = 0;
    const alarm = wallClockAlarm(3 * 60_000, Date.now, () => rings++);
    vi.advanceTimersByTime(2 * 60_000);
    alarm[Symbol.dispose]();
    vi.advanceTimersByTime(day);
    expect(rings).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it("does not keep the process alive", () => {
  const before = process.getActiveResourcesInfo();
  const alarm = wallClockAlarm(Date.now() + day, Date.now, () => {});
  expect(process.getActiveResourcesInfo()).toEqual(before);
  alarm[Symbol.dispose]();
});
