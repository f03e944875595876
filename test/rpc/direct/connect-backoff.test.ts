import { describe, expect, it } from "vitest";
import { PeerError } from "../../../src/errors.js";
import { ConnectBackoff, connectBackoff } from "../../../src/rpc/connect-backoff.js";

const noSocket = new PeerError("ERR_NO_SOCKET", "there is no socket at /x");
const exact = { ...connectBackoff, jitter: 0 };

describe("ConnectBackoff", () => {
  it("blocks nothing before the first failure", () => {
    expect(new ConnectBackoff().blocked).toBeUndefined();
  });

  it("gives the reason of the last failure until its time is up", () => {
    let now = 1_000;
    const backoff = new ConnectBackoff(exact, () => now);
    backoff.failed(noSocket);
    expect(backoff.blocked).toBe(noSocket);
    now = 1_049;
    expect(backoff.blocked).toBe(noSocket);
    now = 1_050;
    expect(backoff.blocked).toBeUndefined();
  });

  it("waits twice as long each time, up to two seconds, however often it fails", () => {
    let now = 0;
    const backoff = new ConnectBackoff(exact, () => now);
    const delays = Array.from({ length: 100 }, () => {
      backoff.failed(noSocket);
      const begin = now;
      while (backoff.blocked !== undefined) now += 1;
      return now - begin;
    });
    expect(delays.slice(0, 7)).toEqual([50, 100, 200, 400, 800, 1_600, 2_000]);
    expect(new Set(delays.slice(6))).toEqual(new Set([2_000]));
  });

  it("begins anew after a success", () => {
    let now = 0;
    const backoff = new ConnectBackoff(exact, () => now);
    for (let i = 0; i < 10; i++) backoff.failed(noSocket);
    backoff.succeeded();
    expect(backoff.blocked).toBeUndefined();
    backoff.failed(noSocket);
    now = 50;
    expect(backoff.blocked).toBeUndefined();
  });

  it("leaves up to half of a delay to chance", () => {
    const delays = Array.from({ length: 200 }, () => {
      let now = 0;
      const backoff = new ConnectBackoff({ ...connectBackoff, initialMs: 1_000 }, () => now);
      backoff.failed(noSocket);
      while (backoff.blocked !== undefined) now += 1;
      return now;
    });
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...delays)).toBeLessThanOrEqual(1_000);
    expect(new Set(delays).size).toBeGreaterThan(20);
  });
});

describe("a thousand clients that have lost their server in the same moment", () => {
  for (const awayMs of [4_000, 20_000]) {
    it(`do not come back in step after ${awayMs / 1_000} s`, () => {
      const steps = new Map<number, number>();
      for (let client = 0; client < 1_000; client++) {
        let now = 0;
        const backoff = new ConnectBackoff(connectBackoff, () => now);
        while (now < awayMs) {
          backoff.failed(new PeerError("ERR_CONNECT_FAILED", "away"));
          expect(backoff.remainingMs).toBeLessThanOrEqual(connectBackoff.maxMs);
          now += backoff.remainingMs;
        }
        const step = Math.floor((now - awayMs) / 100);
        steps.set(step, (steps.get(step) ?? 0) + 1);
      }
      // Evenly spread over two seconds it would be 50; in step it would be 1,000.
      expect(Math.max(...steps.values())).toBeLessThan(150);
    });
  }
});
