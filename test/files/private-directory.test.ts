import { chmodSync, chownSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkPrivateDirectory, ensurePrivateDirectory } from "../../src/files/private-directory.js";
import { asUser, canChangeUser, nobody, withUmask } from "../helpers/as-user.js";
import { tempDirectory } from "../helpers/temp-directory.js";

function directory(mode: number): string {
  const path = join(tempDirectory(), "d");
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

const modeOf = (path: string) => statSync(path).mode & 0o7777;

describe("checkPrivateDirectory", () => {
  it.each([0o700, 0o750, 0o755])("accepts mode %o", async (mode) => {
    await checkPrivateDirectory(directory(mode));
  });

  it.each([0o770, 0o707, 0o720])("refuses mode %o", async (mode) => {
    const path = directory(mode);
    await expect(checkPrivateDirectory(path)).rejects.toMatchObject({
      code: "ERR_DIRECTORY_NOT_PRIVATE",
      problem: `directory ${path} is open to other users (mode ${mode.toString(8).padStart(4, "0")})`,
      hint: `run: chmod 700 ${path}`,
    });
  });

  it("refuses one that everybody shares, and does not advise to close it", async () => {
    const path = directory(0o1777);
    await expect(checkPrivateDirectory(path)).rejects.toMatchObject({
      code: "ERR_DIRECTORY_NOT_PRIVATE",
      problem: `directory ${path} is open to other users (mode 1777)`,
      hint: `everybody uses it: choose a directory of your own in it, for example ${path}/my-app`,
    });
  });

  it.each([0o750, 0o701])("refuses mode %o where others may not even look", async (mode) => {
    const path = directory(mode);
    await expect(checkPrivateDirectory(path, { othersMayRead: false })).rejects.toMatchObject({
      code: "ERR_DIRECTORY_NOT_PRIVATE",
      hint: `run: chmod 700 ${path}`,
    });
  });

  it.each(["", "/", "/."])("refuses a symbolic link, also when the path ends in %j", async (end) => {
    const link = join(tempDirectory(), "link");
    symlinkSync(directory(0o700), link);
    await expect(checkPrivateDirectory(link + end)).rejects.toMatchObject({
      code: "ERR_DIRECTORY_NOT_PRIVATE",
      problem: `${link}${end} is a symbolic link`,
    });
  });

  it("refuses a file", async () => {
    const path = join(tempDirectory(), "file");
    writeFileSync(path, "");
    await expect(checkPrivateDirectory(path)).rejects.toMatchObject({
      code: "ERR_DIRECTORY_NOT_PRIVATE",
      problem: `${path} is not a directory`,
    });
  });

  it("says so when it is missing", async () => {
    const path = join(tempDirectory(), "none");
    await expect(checkPrivateDirectory(path)).rejects.toMatchObject({
      code: "ERR_FILE_MISSING",
      problem: `${path} does not exist`,
    });
  });

  it("refuses one below a directory in which others can rename it", async () => {
    const open = directory(0o777);
    const path = join(open, "a", "b");
    mkdirSync(path, { recursive: true });
    await expect(checkPrivateDirectory(path)).rejects.toMatchObject({
      code: "ERR_DIRECTORY_NOT_PRIVATE",
      problem: `${path} is below ${open}, in which other users can rename it (mode 0777)`,
      hint: `choose another directory, or run: chmod go-w ${open}`,
    });
  });

  it("looks at the directories behind a symbolic link in the path", async () => {
    const open = directory(0o777);
    mkdirSync(join(open, "d"));
    const link = join(tempDirectory(), "link");
    symlinkSync(open, link);
    await expect(checkPrivateDirectory(join(link, "d"))).rejects.toMatchObject({
      code: "ERR_DIRECTORY_NOT_PRIVATE",
      problem: `${join(link, "d")} is below ${open}, in which other users can rename it (mode 0777)`,
    });
  });

  it("accepts one below a shared directory with the sticky bit, as /tmp is", async () => {
    const path = join(directory(0o1777), "d");
    mkdirSync(path);
    await checkPrivateDirectory(path);
  });

  it.skipIf(!canChangeUser)("refuses a group-writable parent unless the group is ours alone", async () => {
    const parent = directory(0o775);
    mkdirSync(join(parent, "d"));
    await checkPrivateDirectory(join(parent, "d"));
    chownSync(parent, 0, 12_345);
    await expect(checkPrivateDirectory(join(parent, "d"))).rejects.toMatchObject({ code: "ERR_DIRECTORY_NOT_PRIVATE" });
  });

  it.skipIf(!canChangeUser)("refuses one of another user, unless the rule names that user", async () => {
    const path = directory(0o700);
    chownSync(path, nobody, nobody);
    await expect(checkPrivateDirectory(path)).rejects.toMatchObject({
      code: "ERR_DIRECTORY_NOT_PRIVATE",
      problem: `directory ${path} belongs to uid ${nobody}, not to uid 0`,
      hint: `choose another directory, or run: chown 0 ${path}`,
    });
    await checkPrivateDirectory(path, { owners: [0, nobody] });
  });
});

describe("ensurePrivateDirectory", () => {
  it.each([0o000, 0o022, 0o777])("creates every missing level with mode 0700 under umask %o", async (mask) => {
    const base = tempDirectory();
    await withUmask(mask, () => ensurePrivateDirectory(join(base, "a", "b", "c")));
    expect([join(base, "a"), join(base, "a", "b"), join(base, "a", "b", "c")].map(modeOf)).toEqual(
      Array(3).fill(0o700),
    );
  });

  it("leaves a directory that is there as it is", async () => {
    const path = directory(0o755);
    await ensurePrivateDirectory(path);
    expect(modeOf(path)).toBe(0o755);
  });

  it("refuses a directory that is there and open, and does not change it", async () => {
    const path = directory(0o777);
    await expect(ensurePrivateDirectory(path)).rejects.toMatchObject({ code: "ERR_DIRECTORY_NOT_PRIVATE" });
    expect(modeOf(path)).toBe(0o777);
  });

  it("refuses to go through a dangling symbolic link", async () => {
    const base = tempDirectory();
    symlinkSync(join(base, "target"), join(base, "link"));
    await expect(ensurePrivateDirectory(join(base, "link", "d"))).rejects.toMatchObject({ code: "ERR_FILE_WRITE" });
    expect(existsSync(join(base, "target"))).toBe(false);
  });

  it("says so when a file is in the way", async () => {
    const base = tempDirectory();
    writeFileSync(join(base, "file"), "");
    await expect(ensurePrivateDirectory(join(base, "file", "d"))).rejects.toMatchObject({
      code: "ERR_FILE_WRITE",
      problem: `cannot write ${join(base, "file", "d")}: part of the path is not a directory (ENOTDIR)`,
    });
  });

  it.skipIf(!canChangeUser)("says so when the parent is not ours to write", async () => {
    const parent = tempDirectory();
    chmodSync(parent, 0o755);
    await asUser(nobody, () =>
      expect(ensurePrivateDirectory(join(parent, "d"))).rejects.toMatchObject({
        code: "ERR_FILE_WRITE",
        problem: `cannot write ${join(parent, "d")}: permission denied (EACCES)`,
      }),
    );
  });
});
