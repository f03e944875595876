import { describe, expect, it } from "vitest";
import { RecordLimit } from "../../src/interceptors/record-limit.js";
import { Status } from "../../src/status.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";

describe("RecordLimit", () => {
  it("passes ten a second of each peer, and says how many it withheld", () => {
    let now = 0;
    const limit = new RecordLimit(() => now);
    const pass = (times: number, peer = "a") => Array.from({ length: times }, () => limit.pass(peer));
    expect(pass(10)).toEqual(Array(10).fill(0));
    expect(pass(5)).toEqual(Array(5).fill(undefined));
    expect(pass(1, "b")).toEqual([0]);
    now = 999;
    expect(pass(1)).toEqual([undefined]);
    now = 1_000;
    expect(pass(2)).toEqual([6, 0]);
  });
});

it("a peer that is refused again and again does not fill the log", async () => {
  const pair = await GreeterPair.start();
  const stranger = pair.strangerClient("spiffe://local.test/stranger");
  const errors = await Promise.all(Array.from({ length: 200 }, () => failure(stranger.sayHello({ name: "x" }))));
  expect(errors.every(({ status }) => status === Status.PERMISSION_DENIED)).toBe(true);
  const records = pair.log.records.filter(({ code }) => code === "ERR_POLICY");
  expect(records.length).toBeGreaterThanOrEqual(10);
  expect(records.length).toBeLessThan(200);
});
