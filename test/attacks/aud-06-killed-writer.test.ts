import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { AuditPlace } from "../helpers/audit-place.js";
import { built } from "../helpers/built.js";

const writer = join(import.meta.dirname, "..", "helpers", "audit-writer.mjs");
/** `npm run test:audit-kills` does it 200 times. */
const rounds = Number(process.env.PINWIRE_KILLS ?? 12);

describe("AUD-06: a writer killed at any moment", () => {
  it("loses no acknowledged record, and the log says what was cut off", { timeout: 600_000 }, async () => {
    const place = new AuditPlace();
    for (let round = 0; round < rounds; round++) {
      const acknowledged = await writeAndKill(place, 5 + Math.floor(Math.random() * 40));
      const log = await place.open();
      await log.close();
      const report = await place.verify();
      expect(report.fault).toBeUndefined();
      const numbers = place.records.map(({ seq }) => seq);
      expect(numbers).toContain(acknowledged);
    }
    for (const repair of place.records.filter(({ type }) => type === "repair")) {
      expect(repair).toMatchObject({ bytes: expect.any(Number), sha256: expect.stringMatching(/^[\w-]{43}$/) });
    }
  });

  it("a line cut off at any byte is repaired, recorded, and the rest verifies", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    await log.append({ type: "note", n: 1 });
    await log.checkpoint();
    await log.append({ type: "note", n: 2 });
    // As a crash leaves it: open, with the last record not yet signed. Its bytes are kept, for each cut anew.
    const [segment = ""] = place.segments;

    const whole = readFileSync(segment);
    await log.close();
    const start = whole.lastIndexOf(0x0a, whole.length - 2) + 1;
    for (let cut = start + 1; cut < whole.length; cut += 7) {
      writeFileSync(segment, whole.subarray(0, cut));
      // As it was at that moment.
      writeFileSync(place.anchorFile, anchorAt(place, whole));
      const again = await place.open();
      await again.close();
      expect(await place.verify()).toMatchObject({ ok: true });
      const repair = place.records.find(({ type }) => type === "repair");
      expect(repair).toMatchObject({ segment: 1, bytes: cut - start });
    }
  });
});

/** The anchor as it was before the log was closed: that of its last checkpoint. */
function anchorAt({ anchorFile }: AuditPlace, log: Buffer): string {
  const lines = log
    .toString()
    .split("\n")
    .filter((line) => line !== "");
  const last = lines.map((line) => JSON.parse(line)).findLast(({ type }) => type === "checkpoint");
  const { log: name, epoch, seq, hash, time } = last;
  const { publicKey } = JSON.parse(readFileSync(anchorFile, "utf8"));
  return `${JSON.stringify({ version: 1, log: name, epoch, seq, hash, time, publicKey })}\n`;
}

async function writeAndKill(place: AuditPlace, after: number): Promise<number> {
  const args = [writer, built("src/audit.js"), place.directory, place.keyFile, place.anchorFile];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "exit");
  let last = 0;
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line) || last;
    lines += 1;
    // A kill arrives whenever the kernel pleases: somewhere in a write, a checkpoint, a rotation.
    if (lines === after) child.kill("SIGKILL");
  }
  await gone;
  return last;
}
