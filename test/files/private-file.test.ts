import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, lchownSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readPrivateFile, readPublicFile } from "../../src/files/private-file.js";
import { asUser, canChangeUser, nobody } from "../helpers/as-user.js";
import { tempDirectory } from "../helpers/temp-directory.js";

function file(mode = 0o600): string {
  const path = join(tempDirectory(), "key.pem");
  writeFileSync(path, "secret");
  chmodSync(path, mode);
  return path;
}

describe("readPrivateFile", () => {
  it("reads a file that only its owner can read", async () => {
    expect(String(await readPrivateFile(file(0o600)))).toBe("secret");
    expect(String(await readPrivateFile(file(0o400)))).toBe("secret");
  });

  it.each([0o640, 0o604, 0o620, 0o602, 0o610, 0o777])("refuses mode %o and says how to mend it", async (mode) => {
    const path = file(mode);
    await expect(readPrivateFile(path)).rejects.toMatchObject({
      code: "ERR_FILE_NOT_PRIVATE",
      problem: `${path} is open to other users (mode 0${mode.toString(8)})`,
      hint: `run: chmod 600 ${path}`,
    });
  });

  it("quotes a path with spaces in the command of the hint", async () => {
    const path = join(tempDirectory(), "it's a key.pem");
    writeFileSync(path, "", { mode: 0o644 });
    const { hint } = await readPrivateFile(path).catch((error) => error);
    expect(spawnSync("sh", ["-c", hint.replace("run: ", "")]).status).toBe(0);
    expect(String(await readPrivateFile(path))).toBe("");
  });

  it("says so when the file is missing", async () => {
    const path = join(tempDirectory(), "key.pem");
    await expect(readPrivateFile(path)).rejects.toMatchObject({
      code: "ERR_FILE_MISSING",
      problem: `${path} does not exist`,
    });
  });

  it("refuses a directory", async () => {
    const path = tempDirectory();
    await expect(readPrivateFile(path)).rejects.toMatchObject({
      code: "ERR_FILE_NOT_PRIVATE",
      problem: `${path} is not a regular file`,
    });
  });

  it.skipIf(process.platform === "win32")("refuses a FIFO without waiting for a writer", async () => {
    const path = join(tempDirectory(), "fifo");
    spawnSync("mkfifo", ["-m", "600", path]);
    await expect(readPrivateFile(path)).rejects.toMatchObject({
      code: "ERR_FILE_NOT_PRIVATE",
      problem: `${path} is not a regular file`,
    });
  });

  it("refuses a file that is larger than anything expected there", async () => {
    const path = file();
    truncateSync(path, 1024 * 1024 + 1);
    await expect(readPrivateFile(path)).rejects.toMatchObject({
      code: "ERR_FILE_MALFORMED",
      problem: `${path} has 1048577 bytes, more than the 1048576 that are read`,
    });
  });

  it("follows a symbolic link of our own and judges the file behind it", async () => {
    const target = file(0o644);
    const link = join(tempDirectory(), "link.pem");
    symlinkSync(target, link);
    await expect(readPrivateFile(link)).rejects.toMatchObject({ code: "ERR_FILE_NOT_PRIVATE" });
    chmodSync(target, 0o600);
    expect(String(await readPrivateFile(link))).toBe("secret");
  });

  it.skipIf(!canChangeUser)("refuses a symbolic link that somebody else made, whatever it points to", async () => {
    const link = join(tempDirectory(), "link.pem");
    symlinkSync(file(), link);
    lchownSync(link, nobody, nobody);
    await expect(readPrivateFile(link)).rejects.toMatchObject({
      code: "ERR_FILE_NOT_PRIVATE",
      problem: `symbolic link ${link} belongs to uid ${nobody}, not to this process (uid 0) or root`,
    });
  });

  it.skipIf(!canChangeUser)("refuses a file of another user", async () => {
    const path = file();
    chownSync(path, nobody, nobody);
    await expect(readPrivateFile(path)).rejects.toMatchObject({
      code: "ERR_FILE_NOT_PRIVATE",
      problem: `${path} belongs to uid ${nobody}, not to this process (uid 0) or root`,
      hint: `run as uid ${nobody}, or: chown 0 ${path}`,
    });
  });

  it.skipIf(!canChangeUser)("says so when the system does not let us read", async () => {
    const directory = tempDirectory();
    chmodSync(directory, 0o755);
    const path = join(directory, "key.pem");
    writeFileSync(path, "secret", { mode: 0o600 });
    await asUser(nobody, () =>
      expect(readPrivateFile(path)).rejects.toMatchObject({
        code: "ERR_FILE_UNREADABLE",
        problem: `cannot read ${path}: permission denied (EACCES)`,
        hint: `run as the owner of ${path}, or let uid ${nobody} read it`,
      }),
    );
  });
});

describe("readPublicFile", () => {
  it("reads a file that others can read", async () => {
    expect(String(await readPublicFile(file(0o644)))).toBe("secret");
  });

  it.each([0o664, 0o646])("refuses mode %o, because others could change it", async (mode) => {
    const path = file(mode);
    await expect(readPublicFile(path)).rejects.toMatchObject({
      code: "ERR_FILE_NOT_PRIVATE",
      problem: `${path} can be changed by other users (mode 0${mode.toString(8)})`,
      hint: `run: chmod go-w ${path}`,
    });
  });

  it.skipIf(!canChangeUser)("reads a file of root as another user", async () => {
    const directory = tempDirectory();
    chmodSync(directory, 0o755);
    const path = join(directory, "bundle.pem");
    writeFileSync(path, "public", { mode: 0o644 });
    mkdirSync(join(directory, "empty"));
    expect(String(await asUser(nobody, () => readPublicFile(path)))).toBe("public");
  });
});
