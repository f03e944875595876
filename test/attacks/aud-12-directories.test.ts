// AUD-12: a directory of a log that is not ours, not private, read-only, replaced while it is written to; keys and anchors of
// another log. A disk that is full: aud-05-disk-full.test.ts.
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { asUser, canChangeUser, nobody } from "../helpers/as-user.js";
import { AuditPlace } from "../helpers/audit-place.js";

describe.skipIf(process.platform === "win32")("a directory in which somebody else could change a log", () => {
  const cases: readonly (readonly [string, (place: AuditPlace) => void])[] = [
    ["that its group may write to", ({ directory }) => withMode(directory, 0o770)],
    ["that others may read", ({ directory }) => withMode(directory, 0o705)],
    [
      "that is a symbolic link",
      ({ base, directory }) => {
        mkdirSync(join(base, "elsewhere"), { mode: 0o700 });
        symlinkSync(join(base, "elsewhere"), directory);
      },
    ],
    [
      "in a directory that others may write to",
      ({ base, directory }) => {
        mkdirSync(directory, { mode: 0o700 });
        chmodSync(base, 0o777);
      },
    ],
  ];
  for (const [name, make] of cases) {
    it(`${name} is refused, and stays as it is`, async () => {
      const place = new AuditPlace();
      make(place);
      await expect(place.open()).rejects.toMatchObject({ code: "ERR_DIRECTORY_NOT_PRIVATE" });
      expect(readdirSync(place.directory)).toEqual([]);
      chmodSync(place.base, 0o700);
    });
  }

  it.skipIf(!canChangeUser)("that is somebody else's is refused", async () => {
    const place = new AuditPlace();
    mkdirSync(place.directory, { mode: 0o700 });
    chownSync(place.directory, nobody, nobody);
    await expect(place.open()).rejects.toMatchObject({ code: "ERR_DIRECTORY_NOT_PRIVATE" });
  });
});

describe.skipIf(!canChangeUser)("a directory that may not be written to", () => {
  it("is told when the log is opened, with what to do", async () => {
    const place = new AuditPlace();
    await (await place.open()).close();
    expect(spawnSync("mount", ["--bind", place.directory, place.directory]).status).toBe(0);
    onTestFinished(() => void spawnSync("umount", ["-l", place.directory]));
    expect(spawnSync("mount", ["-o", "remount,ro,bind", place.directory]).status).toBe(0);
    await expect(place.open()).rejects.toMatchObject({
      name: "ConfigError",
      code: "ERR_FILE_WRITE",
      message: expect.stringContaining("read-only"),
    });
    expect(await place.verify()).toMatchObject({ ok: true });
  });

  it("is a gap when that happens while the log is written to, and nothing is lost that was acknowledged", async () => {
    const place = new AuditPlace();
    chownSync(place.base, nobody, nobody);
    await asUser(nobody, async () => {
      const log = await place.open({ maxSegmentBytes: 1_500 });
      const problems: Error[] = [];
      log.onProblem((problem) => problems.push(problem));
      const acknowledged: number[] = [];
      let lost = 0;
      const append = async () => {
        try {
          acknowledged.push(await log.append({ type: "note", text: "x".repeat(200) }));
        } catch (error) {
          lost += 1;
          throw error;
        }
      };
      await append();
      chmodSync(place.directory, 0o500);
      // Until the next segment has to begin.
      for (let n = 0; n < 10; n++) await append().catch(() => {});
      expect(log.failing).toBe(true);
      expect(problems[0]).toMatchObject({ code: "ERR_FILE_WRITE" });
      chmodSync(place.directory, 0o700);
      await vi.waitFor(append, { timeout: 10_000 });
      await log.close();
      expect(place.records.filter(({ type }) => type === "note").map(({ seq }) => seq)).toEqual(acknowledged);
      expect(place.records.filter(({ type }) => type === "gap")).toMatchObject([{ lost }]);
      expect(log.lost).toBe(lost);
      expect(await place.verify()).toMatchObject({ ok: true, unsigned: 0 });
    });
    chownSync(place.base, 0, 0);
  });
});

describe("a directory that is replaced while the log is written to", () => {
  it("gets no segment either: the log stays where it was, and says so", async () => {
    const place = new AuditPlace();
    const log = await place.open({ maxSegmentBytes: 1_500 });
    const problems: Error[] = [];
    log.onProblem((problem) => problems.push(problem));
    // The next record begins a segment.
    while (place.segments.length === 1) await log.append({ type: "note", text: "x".repeat(100) });
    await log.append({ type: "note", text: "x".repeat(1_500) });
    renameSync(place.directory, `${place.directory}.moved`);
    mkdirSync(place.directory, { mode: 0o700 });
    await expect(log.append({ type: "note" })).rejects.toMatchObject({ code: "ERR_AUDIT_UNAVAILABLE" });
    expect(problems.at(-1)).toMatchObject({ code: "ERR_AUDIT_TAMPERED" });
    expect(readdirSync(place.directory)).toEqual([]);
  });

  it("by a copy of it: nothing is written to the copy", async () => {
    const place = new AuditPlace();
    const log = await place.open({ maxSegmentBytes: 1_500 });
    await log.append({ type: "note", text: "x".repeat(1_500) });
    renameSync(place.directory, `${place.directory}.moved`);
    cpSync(`${place.directory}.moved`, place.directory, { recursive: true });
    const before = readdirSync(place.directory);
    await expect(log.append({ type: "note" })).rejects.toMatchObject({ code: "ERR_AUDIT_UNAVAILABLE" });
    expect(readdirSync(place.directory)).toEqual(before);
  });
});

describe("key and anchor of another log", () => {
  it("do not open a log, and prove nothing of it", async () => {
    const [place, other] = [new AuditPlace(), new AuditPlace()];
    for (const each of [place, other]) await (await each.open()).close();
    await expect(place.open({ keyFile: other.keyFile })).rejects.toMatchObject({ code: "ERR_KEY_MISMATCH" });
    await expect(place.open({ anchorFile: other.anchorFile })).rejects.toMatchObject({ code: "ERR_AUDIT_TAMPERED" });
    await expect(place.open({ keyFile: other.keyFile, anchorFile: other.anchorFile })).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_(AUDIT_TAMPERED|KEY_MISMATCH)$/),
    });
    await (await place.open()).close();
  });
});

/** Whatever the umask. */
function withMode(directory: string, mode: number): void {
  mkdirSync(directory);
  chmodSync(directory, mode);
}
