import { describe, expect, it } from "vitest";
import { PeerError } from "../../src/errors.js";
import { type ConnectionRefusal, RefusalReports } from "../../src/transport/refusal-reports.js";

describe("RefusalReports", () => {
  it("passes ten reports on and puts the rest of the second into one, with the number of each reason", () => {
    const passed: ConnectionRefusal[] = [];
    const reports = new RefusalReports((refusal) => passed.push(refusal));
    for (let i = 0; i < 1_000; i++)
      reports.add(refusal(i % 4 === 0 ? "ERR_NO_CERTIFICATE" : "ERR_TOO_MANY_CONNECTIONS"));
    expect(passed.length).toBe(10);
    reports.flush();
    expect(passed.length).toBe(11);
    expect(passed[10]?.reason.message).toBe(
      "more connections were refused within a second: 743 ERR_TOO_MANY_CONNECTIONS, 247 ERR_NO_CERTIFICATE",
    );
  });

  it("passes the first of each reason on, so that many of one do not hide the one of another", () => {
    const passed: ConnectionRefusal[] = [];
    const reports = new RefusalReports((refusal) => passed.push(refusal));
    for (let second = 0; second < 2; second++) {
      for (let i = 0; i < 100; i++) reports.add(refusal("ERR_NO_CERTIFICATE"));
      for (let i = 0; i < 3; i++) reports.add(refusal("ERR_PIN_MISMATCH"));
      reports.flush();
    }
    const codes = passed.map(({ reason, counts }) => (counts === undefined ? reason.code : Object.fromEntries(counts)));
    const ofOneSecond = [
      ...Array.from({ length: 10 }, () => "ERR_NO_CERTIFICATE"),
      "ERR_PIN_MISMATCH",
      { ERR_NO_CERTIFICATE: 90, ERR_PIN_MISMATCH: 2 },
    ];
    expect(codes).toEqual([...ofOneSecond, ...ofOneSecond]);
  });

  it("does so by itself when the second is over, and begins anew", async () => {
    const passed: ConnectionRefusal[] = [];
    const summary = new Promise<void>((resolve) => {
      const reports = new RefusalReports((refusal) => {
        passed.push(refusal);
        if (passed.length === 11) resolve();
      });
      for (let i = 0; i < 12; i++) reports.add(refusal("ERR_NO_CERTIFICATE"));
    });
    await summary;
    expect(passed[10]?.reason.message).toContain("2 ERR_NO_CERTIFICATE");
  });

  it("has nothing to add when nothing was withheld, and survives a log that throws", () => {
    let calls = 0;
    const reports = new RefusalReports(() => {
      calls++;
      throw new Error("the log is full");
    });
    reports.add(refusal("ERR_NO_CERTIFICATE"));
    reports.flush();
    expect(calls).toBe(1);
  });
});

function refusal(code: "ERR_NO_CERTIFICATE" | "ERR_PIN_MISMATCH" | "ERR_TOO_MANY_CONNECTIONS"): ConnectionRefusal {
  return { reason: new PeerError(code, "test"), reference: "0123456789ab" };
}
