import { mkdirSync, renameSync, rmSync, utimesSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { AuditLog } from "../../src/audit/audit-log.js";
import { AuditPlace } from "../helpers/audit-place.js";

const small = { maxSegmentBytes: 1_500 };

/** Appends until there was another rotation. */
async function rotate(place: AuditPlace, log: AuditLog): Promise<void> {
  const last = place.segments.at(-1);
  while (place.segments.at(-1) === last) await log.append({ type: "note", text: "x".repeat(200) });
  await log.checkpoint();
}

async function opened(segments: number, options: object) {
  const place = new AuditPlace();
  const log = await place.open({ ...small, ...options });
  const problems: Error[] = [];
  log.onProblem((error) => problems.push(error));
  while (place.segments.length < segments) await rotate(place, log);
  return { place, log, problems };
}

const names = ({ segments }: AuditPlace) => segments.map((path) => Number(/(\d+)\.jsonl$/.exec(path)?.[1]));

describe("AUD-08: who can write to the directory, but has no key, and a log that removes old segments", () => {
  it("cannot have one removed by the age that the file system says", async () => {
    const { place, log } = await opened(3, { keepMs: 86_400_000 });
    for (const segment of place.segments) utimesSync(segment, 0, 0);
    await rotate(place, log);
    expect(names(place)).toEqual([1, 2, 3, 4]);
    await log.close();
    expect(await place.verify()).toMatchObject({ ok: true });
  });

  it("cannot have it forgotten that one in the middle is gone", async () => {
    const { place, log, problems } = await opened(3, { keepSegments: 4 });
    rmSync(place.segments[1] ?? "");
    for (let n = 0; n < 4; n++) await rotate(place, log);
    expect(problems).toMatchObject([
      { code: "ERR_AUDIT_TAMPERED", message: expect.stringMatching(/segment 2 is missing/) },
      {},
      {},
      {},
    ]);
    await log.close();
    expect((await place.verify()).fault).toMatchObject({ reason: "missing segment" });
  });

  it("nor that the first are", async () => {
    const { place, log, problems } = await opened(4, { keepSegments: 5 });
    for (const segment of place.segments.slice(0, 2)) rmSync(segment);
    for (let n = 0; n < 4; n++) await rotate(place, log);
    expect(problems[0]).toMatchObject({ code: "ERR_AUDIT_TAMPERED" });
    await log.close();
    expect((await place.verify()).fault).toMatchObject({ reason: "missing beginning" });
  });

  it("nor that more are than were removed in good order", async () => {
    const { place, log, problems } = await opened(4, { keepSegments: 4 });
    for (let n = 0; n < 3; n++) await rotate(place, log);
    expect(names(place)).toEqual([4, 5, 6, 7]);
    expect(problems).toEqual([]);
    rmSync(place.segments[0] ?? "");
    for (let n = 0; n < 3; n++) await rotate(place, log);
    expect(problems[0]).toMatchObject({ code: "ERR_AUDIT_TAMPERED" });
    await log.close();
    expect((await place.verify()).fault).toMatchObject({ reason: "missing beginning" });
  });

  it("loses no old segment while the anchor does not know the new beginning", async () => {
    const { place, log } = await opened(3, { keepSegments: 3 });
    renameSync(place.anchorFile, `${place.anchorFile}.old`);
    mkdirSync(place.anchorFile);
    const last = place.segments.at(-1);
    while (place.segments.at(-1) === last) await log.append({ type: "note", text: "x".repeat(200) });
    await expect(log.checkpoint()).rejects.toMatchObject({ code: "ERR_AUDIT_UNAVAILABLE" });
    expect(names(place)).toEqual([1, 2, 3, 4]);
    rmSync(place.anchorFile, { recursive: true });
    await rotate(place, log);
    expect(names(place)).toEqual([3, 4, 5]);
    await log.close();
    expect(await place.verify()).toMatchObject({ ok: true });
  });
});
