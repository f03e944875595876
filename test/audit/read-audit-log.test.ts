import { rmSync } from "node:fs";
import { expect, it } from "vitest";
import { readAuditLog } from "../../src/audit/read-audit-log.js";
import { AuditPlace } from "../helpers/audit-place.js";

it("a segment whose time is over while the log is read is no reason to stop", async () => {
  const place = new AuditPlace();
  const log = await place.open({ maxSegmentBytes: 1_000 });
  for (let n = 0; n < 20; n++) await log.append({ type: "note", n });
  await log.close();
  const before = place.records;
  const seen: unknown[] = [];
  for await (const record of readAuditLog(place.directory)) {
    if (seen.length === 0) rmSync(place.segments[1] ?? "");
    seen.push(record);
  }
  expect(place.segments.length).toBeGreaterThan(2);
  expect(seen).toEqual(place.records);
  expect(seen.length).toBeLessThan(before.length);
});
