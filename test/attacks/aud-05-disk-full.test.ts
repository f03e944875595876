import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { openAuditLog } from "../../src/audit/open-audit-log.js";
import type { AuditRecord } from "../../src/audit/parse-record.js";
import { verifyAuditLog } from "../../src/audit/verify-audit-log.js";
import { Status } from "../../src/status.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { tempDirectory } from "../helpers/temp-directory.js";

const mayMount = process.platform === "linux" && process.getuid?.() === 0 && canMount();
if (!mayMount) console.warn("skipped: AUD-05, mounting a small tmpfs needs root");

function canMount(): boolean {
  const directory = mkdtempSync(join(tmpdir(), "pinwire-mount-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", directory]).status === 0;
  if (mounted) spawnSync("umount", [directory]);
  rmdirSync(directory);
  return mounted;
}

/** A private directory on a file system of 64 KiB. */
function smallDisk(): string {
  const directory = tempDirectory();
  expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", directory]).status).toBe(0);
  onTestFinished(() => void spawnSync("umount", ["-l", directory]));
  return directory;
}

describe.skipIf(!mayMount)("AUD-05: a disk that fills up during calls", () => {
  it("ends calls that need a record, loses none that was acknowledged, and recovers", async () => {
    const disk = smallDisk();
    const base = tempDirectory();
    const place = {
      directory: join(disk, "log"),
      keyFile: join(base, "key.pem"),
      anchorFile: join(base, "anchor.json"),
    };
    const log = await openAuditLog(place);
    let ran = 0;
    const pair = await GreeterPair.start({
      server: { audit: log, auditLevel: "all" },
      implementation: {
        sayHello: () => {
          ran += 1;
          return { greeting: "Hello" };
        },
      },
    });
    let served = 0;
    let refusal: unknown;
    while (refusal === undefined && served < 1_000) {
      await pair.client.sayHello({ name: "Ada" }).then(
        () => served++,
        (error: unknown) => {
          refusal = error;
        },
      );
    }
    expect(refusal).toMatchObject({ status: Status.UNAVAILABLE });
    expect(String(refusal)).toMatch(/temporarily unavailable \(reference [0-9a-f]{12}\)/);
    expect(ran).toBe(served);
    expect(log.failing).toBe(true);
    const record = pair.log.records.find(({ code }) => code === "ERR_AUDIT_UNAVAILABLE");
    expect(record).toMatchObject({ status: "UNAVAILABLE" });

    // Others go on meanwhile: the answer is about this method's record, not about the server.
    expect((await failure(pair.client.sayHello({ name: "Ada" }))).status).toBe(Status.UNAVAILABLE);

    // Room again: what the log held is moved away by nobody, the disk is simply made larger.
    expect(spawnSync("mount", ["-o", "remount,size=512k", disk]).status).toBe(0);
    await recovery(() => pair.client.sayHello({ name: "Ada" }));
    expect(log.failing).toBe(false);
    await pair.server.close();
    await log.close();

    const types: string[] = [];
    const ended = new Set<unknown>();
    const report = await verifyAuditLog(place.directory, {
      ...place,
      onRecord: ({ type, begin }) => {
        types.push(type);
        if (type === "call.end") ended.add(begin);
      },
    });
    expect(report).toMatchObject({ ok: true, unsigned: 0 });
    const begun = types.filter((type) => type === "call.begin").length;
    expect(begun).toBe(ran);
    expect(types.filter((type) => type === "gap")).toHaveLength(1);
    // At most the ends of calls that were under way are missing, and the gap counts them.
    expect(ended.size).toBeGreaterThanOrEqual(begun - 1);
  });

  it("says what was lost as soon as there is room, whether or not anybody calls", async () => {
    const disk = smallDisk();
    const base = tempDirectory();
    const place = {
      directory: join(disk, "log"),
      keyFile: join(base, "key.pem"),
      anchorFile: join(base, "anchor.json"),
    };
    const log = await openAuditLog({ ...place, checkpointEveryMs: 20 });
    spawnSync("dd", ["if=/dev/zero", `of=${join(disk, "more")}`, "bs=1k", "count=1000"]);
    let problems = 0;
    log.onProblem(() => problems++);
    // Short, so that what is left has no room for a checkpoint.
    let refused = 0;
    while (refused === 0) await log.append({ type: "note" }).catch(() => refused++);
    // It was also tried in vain when the next checkpoint was due.
    while (problems < 3) await setImmediate();
    rmSync(join(disk, "more"));
    while (log.failing) await setImmediate();
    const gaps: unknown[] = [];
    const onRecord = ({ type, lost }: AuditRecord) => void (type === "gap" && gaps.push(lost));
    expect(await verifyAuditLog(place.directory, { ...place, onRecord })).toMatchObject({ ok: true, unsigned: 0 });
    expect(gaps).toEqual([1]);
    await log.close();
  });

  it("on which only the anchor is: the log goes on, says so, and is anchored again when there is room", async () => {
    const disk = smallDisk();
    const base = tempDirectory();
    const place = {
      directory: join(base, "log"),
      keyFile: join(base, "key.pem"),
      anchorFile: join(disk, "anchor.json"),
    };
    const log = await openAuditLog(place);
    const problems: unknown[] = [];
    log.onProblem((problem) => problems.push(problem));
    const filler = join(disk, "filler");
    // Not one more page.
    expect(() => writeFileSync(filler, Buffer.alloc(65_536))).toThrow("ENOSPC");
    const seq = await log.append({ type: "note" });
    await expect(log.checkpoint()).rejects.toMatchObject({ code: "ERR_AUDIT_UNAVAILABLE" });
    expect(problems[0]).toMatchObject({ code: "ERR_FILE_WRITE" });
    expect(await log.append({ type: "note" })).toBeGreaterThan(seq);
    expect(await verifyAuditLog(place.directory, place)).toMatchObject({ ok: true });
    rmSync(filler);
    await log.checkpoint();
    await log.close();
    expect(await verifyAuditLog(place.directory, place)).toMatchObject({ ok: true, unsigned: 0, anchored: true });
  });

  it("cannot even begin: opening says what to do, and leaves nothing behind", async () => {
    const disk = smallDisk();
    writeFileSync(join(disk, "ballast"), Buffer.alloc(4_096));
    const base = tempDirectory();
    const place = {
      directory: join(disk, "log"),
      keyFile: join(base, "key.pem"),
      anchorFile: join(base, "anchor.json"),
    };
    spawnSync("dd", ["if=/dev/zero", `of=${join(disk, "more")}`, "bs=1k", "count=1000"]);
    await expect(openAuditLog(place)).rejects.toMatchObject({
      code: "ERR_FILE_WRITE",
      message: expect.stringMatching(/no space left on the device/),
    });
    rmSync(join(disk, "more"));
    const log = await openAuditLog(place);
    await log.close();
    expect(await verifyAuditLog(place.directory, place)).toMatchObject({ ok: true });
  });
});

/** The log is tried again a second after a failure; each attempt waits for its own answer. */
async function recovery(call: () => Promise<unknown>): Promise<void> {
  for (;;) {
    if (
      await call().then(
        () => true,
        () => false,
      )
    )
      return;
  }
}
