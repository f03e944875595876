import { spawnSync } from "node:child_process";
import { appendFileSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { appendLineDurably, completeLines } from "../../src/files/durable-append.js";
import { canChangeUser, withUmask } from "../helpers/as-user.js";
import { tempDirectory } from "../helpers/temp-directory.js";

describe("appendLineDurably", () => {
  it.each([0o000, 0o777])("creates the file with mode 0600 under umask %o and appends", async (mask) => {
    const path = join(tempDirectory(), "log");
    await withUmask(mask, () => appendLineDurably(path, "one"));
    await appendLineDurably(path, "two");
    expect(readFileSync(path, "utf8")).toBe("one\ntwo\n");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it.each([
    ["", "new\n"],
    ["torn", "new\n"],
    ["one\ntorn", "one\nnew\n"],
    [`one\n${"torn".repeat(5_000)}`, "one\nnew\n"],
    [`${"x".repeat(9_000)}\n`, `${"x".repeat(9_000)}\nnew\n`],
  ])("cuts off what a crash left of a last line (case %#)", async (before, after) => {
    const path = join(tempDirectory(), "log");
    writeFileSync(path, before);
    await appendLineDurably(path, "new");
    expect(readFileSync(path, "utf8")).toBe(after);
  });

  it("does not follow a symbolic link", async () => {
    const directory = tempDirectory();
    writeFileSync(join(directory, "target"), "untouched");
    symlinkSync(join(directory, "target"), join(directory, "log"));
    await expect(appendLineDurably(join(directory, "log"), "x")).rejects.toMatchObject({
      code: "ERR_FILE_WRITE",
      problem: `cannot write ${join(directory, "log")}: it is a symbolic link (ELOOP)`,
    });
    expect(readFileSync(join(directory, "target"), "utf8")).toBe("untouched");
  });

  it.skipIf(!canChangeUser)("leaves whole lines when the disk is full", async ({ onTestFinished, skip }) => {
    const directory = tempDirectory();
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", directory]);
    skip(mounted.status !== 0, "mount is not allowed here");
    onTestFinished(() => void spawnSync("umount", [directory]));
    const path = join(directory, "log");
    await appendLineDurably(path, "one");
    await expect(appendLineDurably(path, "x".repeat(100_000))).rejects.toMatchObject({
      code: "ERR_FILE_WRITE",
      problem: `cannot write ${path}: no space left on the device (ENOSPC)`,
    });
    expect(readFileSync(path, "utf8")).toBe("one\n");
    await appendLineDurably(path, "two");
    expect(readFileSync(path, "utf8")).toBe("one\ntwo\n");
  });
});

describe("completeLines", () => {
  it("leaves a torn last line out", () => {
    const path = join(tempDirectory(), "log");
    writeFileSync(path, "one\ntwo\n");
    appendFileSync(path, "tor");
    expect(completeLines(readFileSync(path, "utf8"))).toEqual(["one", "two"]);
    expect(completeLines("")).toEqual([]);
  });
});
