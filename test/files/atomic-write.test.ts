import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeFileAtomically } from "../../src/files/atomic-write.js";
import { asUser, canChangeUser, nobody, withUmask } from "../helpers/as-user.js";
import { tempDirectory } from "../helpers/temp-directory.js";

const modeOf = (path: string) => statSync(path).mode & 0o7777;

describe("writeFileAtomically", () => {
  it.each([0o000, 0o022, 0o777])("gives the mode that was asked for under umask %o", async (mask) => {
    const directory = tempDirectory();
    await withUmask(mask, async () => {
      await writeFileAtomically(join(directory, "key"), "k", { mode: 0o600 });
      await writeFileAtomically(join(directory, "cert"), "c", { mode: 0o644 });
    });
    expect(modeOf(join(directory, "key"))).toBe(0o600);
    expect(modeOf(join(directory, "cert"))).toBe(0o644);
    expect(readdirSync(directory).sort()).toEqual(["cert", "key"]);
  });

  it("does not replace a file unless told to", async () => {
    const path = join(tempDirectory(), "f");
    await writeFileAtomically(path, "old", { mode: 0o600 });
    await expect(writeFileAtomically(path, "new", { mode: 0o600 })).rejects.toMatchObject({
      code: "ERR_FILE_EXISTS",
      problem: `${path} exists`,
    });
    expect(readFileSync(path, "utf8")).toBe("old");
    await writeFileAtomically(path, "new", { mode: 0o644, overwrite: true });
    expect([readFileSync(path, "utf8"), modeOf(path)]).toEqual(["new", 0o644]);
    expect(readdirSync(join(path, ".."))).toEqual(["f"]);
  });

  it.each([true, false])("never writes through a symbolic link (overwrite: %s)", async (overwrite) => {
    const directory = tempDirectory();
    writeFileSync(join(directory, "target"), "untouched");
    symlinkSync(join(directory, "target"), join(directory, "link"));
    await writeFileAtomically(join(directory, "link"), "new", { mode: 0o600, overwrite }).catch(() => undefined);
    expect(readFileSync(join(directory, "target"), "utf8")).toBe("untouched");
  });

  it("leaves nothing behind when it fails", async () => {
    const directory = tempDirectory();
    mkdirSync(join(directory, "taken"));
    await expect(
      writeFileAtomically(join(directory, "taken"), "x", { mode: 0o600, overwrite: true }),
    ).rejects.toMatchObject({ code: "ERR_FILE_WRITE", problem: expect.stringContaining("it is a directory (EISDIR)") });
    expect(readdirSync(directory)).toEqual(["taken"]);
  });

  it("says so when the directory is missing", async () => {
    const path = join(tempDirectory(), "none", "f");
    await expect(writeFileAtomically(path, "x", { mode: 0o600 })).rejects.toMatchObject({
      code: "ERR_FILE_WRITE",
      problem: `cannot write ${path}: no such directory (ENOENT)`,
    });
  });

  it.skipIf(!canChangeUser)("says so when the directory is not ours to write", async () => {
    const path = join(tempDirectory(), "f");
    await asUser(nobody, () =>
      expect(writeFileAtomically(path, "x", { mode: 0o600 })).rejects.toMatchObject({
        code: "ERR_FILE_WRITE",
        problem: `cannot write ${path}: permission denied (EACCES)`,
        hint: `run as the owner of ${path}, or let uid ${nobody} write it`,
      }),
    );
  });

  it.skipIf(!canChangeUser)("keeps the old file whole when the disk is full", async ({ onTestFinished, skip }) => {
    const directory = tempDirectory();
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", directory]);
    skip(mounted.status !== 0, "mount is not allowed here");
    onTestFinished(() => void spawnSync("umount", [directory]));
    const path = join(directory, "f");
    await writeFileAtomically(path, "old", { mode: 0o600 });
    await expect(
      writeFileAtomically(path, Buffer.alloc(128 * 1024), { mode: 0o600, overwrite: true }),
    ).rejects.toMatchObject({
      code: "ERR_FILE_WRITE",
      problem: `cannot write ${path}: no space left on the device (ENOSPC)`,
      hint: `free space on the file system of ${directory} and try again; nothing was replaced`,
    });
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(directory)).toEqual(["f"]);
  });

  it("shows every reader a whole file while it is being replaced", async () => {
    const path = join(tempDirectory(), "f");
    const contents = ["a".repeat(200_000), "b".repeat(200_000)];
    await writeFileAtomically(path, contents[0] ?? "", { mode: 0o600 });
    let writing = true;
    const reader = (async () => {
      for (; writing; await new Promise(setImmediate)) expect(contents).toContain(readFileSync(path, "utf8"));
    })();
    for (let round = 0; round < 30; round++) {
      await writeFileAtomically(path, contents[round % 2] ?? "", { mode: 0o600, overwrite: true });
    }
    writing = false;
    await reader;
  });
});
