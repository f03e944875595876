import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type AuditFields, beginning } from "../../src/audit/audit-record.js";
import { AuditPlace } from "../helpers/audit-place.js";
import { sealRecord } from "../helpers/seal-record.js";

/** A log of several segments, closed. */
async function written(segments: number): Promise<AuditPlace> {
  const place = new AuditPlace();
  const log = await place.open({ maxSegmentBytes: 1_500 });
  while (place.segments.length < segments) await log.append({ type: "note", peer: "spiffe://local.test/mallory" });
  await log.close();
  return place;
}

/** Every file of the log as it is now, to see whether opening it touched something. */
function contents(place: AuditPlace): unknown {
  return [...place.segments, place.anchorFile].map((path) => [path, readFileSync(path, "latin1")]);
}

async function expectRefused(place: AuditPlace): Promise<void> {
  const before = contents(place);
  await expect(place.open()).rejects.toMatchObject({ code: "ERR_AUDIT_TAMPERED" });
  expect(contents(place)).toEqual(before);
}

describe("AUD-10: who can write to the directory, but has no key, before the log is opened again", () => {
  it("cannot empty it and have a new one begun in its place", async () => {
    const place = await written(1);
    truncateSync(place.segments[0] ?? "");
    await expectRefused(place);
  });

  it("nor leave half a line of it", async () => {
    const place = await written(1);
    truncateSync(place.segments[0] ?? "", 20);
    await expectRefused(place);
  });

  it("nor empty each of its segments", async () => {
    const place = await written(3);
    for (const segment of place.segments) truncateSync(segment);
    await expectRefused(place);
  });

  it("nor empty the last two", async () => {
    const place = await written(4);
    for (const segment of place.segments.slice(-2)) truncateSync(segment);
    await expectRefused(place);
  });

  it("nor tear a segment that is not the last", async () => {
    const place = await written(3);
    anchorIn(place, 0);
    place.tamper((bytes) => bytes.subarray(0, -10), place.segments[1]);
    await expectRefused(place);
  });

  it("nor have another history signed, told in more segments than there were", async () => {
    const place = await written(1);
    const [open = {}, checkpoint = {}] = place.records as (AuditFields & { log: string; time: string })[];
    const { anchorFile } = place;
    const anchored = (JSON.parse(readFileSync(anchorFile, "utf8")) as { seq: number }).seq;
    let position = beginning;
    const seal = ({ seq: _, time, prev: __, hash: ___, ...fields }: Record<string, unknown>) => {
      const { line, next } = sealRecord(fields as AuditFields, time as string, position);
      position = next;
      return `${line}\n`;
    };
    const { time, log } = open as { time: string; log: string };
    let first = seal(open) + seal(checkpoint);
    while (position.seq <= anchored) first += seal({ type: "note", time, peer: "spiffe://local.test/nobody" });
    writeFileSync(place.segments[0] ?? "", first);
    const second = seal({ type: "segment", time, log, epoch: 1, segment: 2 }) + seal({ type: "close", time });
    writeFileSync(join(place.directory, "audit-00000002.jsonl"), second, { mode: 0o600 });
    await expectRefused(place);
  });

  it("nor take a segment out of the middle", async () => {
    const place = await written(4);
    anchorIn(place, 1);
    rmSync(place.segments[2] ?? "");
    await expectRefused(place);
  });
});

/** An anchor that fell behind, because its disk was full, is the reason to look at more than the last segment. */
function anchorIn({ anchorFile, segments }: AuditPlace, index: number): void {
  const line = readFileSync(segments[index] ?? "", "latin1")
    .split("\n")
    .find((each) => each.includes('"checkpoint"'));
  const { seq, hash, epoch } = JSON.parse(line ?? "");
  writeFileSync(anchorFile, JSON.stringify({ ...JSON.parse(readFileSync(anchorFile, "utf8")), seq, hash, epoch }));
}
