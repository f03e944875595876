import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { AuditFields } from "../../src/audit/audit-record.js";
import { DenialLimit } from "../../src/audit/denial-limit.js";
import { sealRecord } from "../helpers/seal-record.js";

const week = 7 * 86_400_000;

/** A limit with a clock of its own, and what it wrote. */
function limited(perMinute = 1) {
  vi.useFakeTimers({ now: Date.parse("2026-01-31T12:00:00Z") });
  onTestFinished(() => void vi.useRealTimers());
  const written: AuditFields[] = [];
  const log = { takesRecords: true };
  const write = (fields: AuditFields) => {
    if (log.takesRecords) written.push(fields);
    return log.takesRecords;
  };
  const limit = new DenialLimit(write, perMinute, Date.now);
  return { limit, log, written };
}

describe("the limit of records about refusals", () => {
  it("gives a hundred of a kind their own, then one a minute, and counts the rest", () => {
    const { limit, written } = limited();
    const admit = (times: number) => Array.from({ length: times }, () => limit.admit("ERR_NO_CERTIFICATE"));
    expect(admit(150).filter(Boolean)).toHaveLength(100);
    expect(limit.admit("ERR_REVOKED")).toBe(true);
    expect(written).toEqual([]);
    vi.advanceTimersByTime(59_999);
    expect(written).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(written).toEqual([
      { type: "refusals", of: "ERR_NO_CERTIFICATE", more: 50, since: "2026-01-31T12:00:00.000Z" },
    ]);
    expect(admit(3)).toEqual([true, false, false]);
    vi.advanceTimersByTime(60_000);
    expect(written[1]).toEqual({
      type: "refusals",
      of: "ERR_NO_CERTIFICATE",
      more: 2,
      since: "2026-01-31T12:01:00.000Z",
    });
    vi.advanceTimersByTime(100 * 60_000);
    expect(admit(101).filter(Boolean)).toHaveLength(100);
  });

  it("gives more a minute where that was asked for", () => {
    const { limit } = limited(600);
    const admit = (times: number) => Array.from({ length: times }, () => limit.admit("ERR_NO_CERTIFICATE"));
    expect(admit(1_000).filter(Boolean)).toHaveLength(600);
    vi.advanceTimersByTime(1_000);
    expect(admit(1_000).filter(Boolean)).toHaveLength(10);
  });

  it("keeps the count while the log cannot be written", () => {
    const { limit, log, written } = limited();
    limit.count("ERR_NO_CERTIFICATE", 5);
    log.takesRecords = false;
    vi.advanceTimersByTime(60_000);
    limit.count("ERR_NO_CERTIFICATE", 2);
    expect(written).toEqual([]);
    log.takesRecords = true;
    vi.advanceTimersByTime(60_000);
    expect(written).toEqual([
      { type: "refusals", of: "ERR_NO_CERTIFICATE", more: 7, since: "2026-01-31T12:00:00.000Z" },
    ]);
    vi.advanceTimersByTime(600_000);
    expect(written).toHaveLength(1);
  });

  it("adds what somebody else has counted", () => {
    const { limit, written } = limited();
    limit.count("ERR_NO_CERTIFICATE", 700);
    limit.count("ERR_NO_CERTIFICATE", 43);
    limit.flush();
    limit.flush();
    expect(written).toEqual([expect.objectContaining({ of: "ERR_NO_CERTIFICATE", more: 743 })]);
  });

  it("takes some megabytes for a week of refusals, however many there are", () => {
    const { limit, written } = limited();
    const position = { seq: 1e9, prev: "A".repeat(43) };
    const own = { code: "ERR_NO_CERTIFICATE", reference: "0123456789ab", pin: `sha256/${"A".repeat(44)}` };
    const bytesOf = (fields: AuditFields) => sealRecord(fields, new Date().toISOString(), position).line.length + 1;
    let bytes = 0;
    let refusals = 0;
    let recorded = 0;
    for (let now = 0; now < week; now += 6_000) {
      for (let n = 0; n < 100; n++, refusals++) {
        if (!limit.admit("ERR_NO_CERTIFICATE")) continue;
        bytes += bytesOf({ type: "connection.refused", ...own });
        recorded += 1;
      }
      vi.advanceTimersByTime(6_000);
      for (const fields of written.splice(0)) {
        bytes += bytesOf(fields);
        recorded += Number(fields.more);
      }
    }
    limit.flush();
    for (const fields of written) recorded += Number(fields.more);
    expect(bytes).toBeLessThan(8e6);
    expect(recorded).toBe(refusals);
  });

  it("remembers a bounded number of peers, gives none of them a new hundred, and forgets no count", () => {
    const { limit, written } = limited();
    let admitted = 0;
    for (let round = 0; round < 2; round++) {
      for (let peer = 0; peer < 10_000; peer++) {
        for (let n = 0; n < 101; n++) admitted += Number(limit.admit(`spiffe://local.test/${peer}`));
      }
    }
    expect(limit.kinds).toBeLessThanOrEqual(4_096);
    // Those who came too late share one hundred.
    expect(admitted).toBe(4_096 * 100 + 100);
    limit.flush();
    expect(written.reduce((sum, { more }) => sum + Number(more), 0)).toBe(2 * 1_010_000 - admitted);
    expect(written.filter(({ of }) => of === "several")).toHaveLength(1);
  });
});
