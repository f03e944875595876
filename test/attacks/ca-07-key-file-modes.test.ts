// CA-07: the key of a CA is for its owner alone, whatever the umask; a CA whose files are open to others does not start.
import { chmodSync, chownSync, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { issueCredentials } from "../../src/ca/issue-credentials.js";
import { openLocalCa } from "../../src/ca/open-local-ca.js";
import { canChangeUser, nobody, succeedsAsNobody, withUmask } from "../helpers/as-user.js";
import { localCa } from "../helpers/local-ca.js";
import { has } from "../helpers/tools.js";

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8).padStart(4, "0");

describe.each([0o000, 0o022, 0o077])("under umask %o", (mask) => {
  it("a CA and the keys that it issues are for their owner alone", async () => {
    const modes = await withUmask(mask, async () => {
      const ca = await localCa();
      const out = join(ca.directory, "..", "certs", "cli");
      await issueCredentials(ca, "spiffe://local.test/cli", out);
      const secrets = ["ca.key", "issued.jsonl", "serials"].map((file) => modeOf(join(ca.directory, file)));
      return [modeOf(ca.directory), ...secrets, modeOf(join(out, "..")), modeOf(out), modeOf(join(out, "key.pem"))];
    });
    expect(modes).toEqual(["0700", "0600", "0600", "0600", "0700", "0700", "0600"]);
  });

  it.skipIf(!canChangeUser || !has("setpriv"))("another user can read neither the keys nor the record", async () => {
    const ca = await withUmask(mask, () => localCa());
    await withUmask(mask, () => ca.issue("spiffe://local.test/cli"));
    // Without this the test would only see that the temporary directory is closed.
    chmodSync(join(ca.directory, ".."), 0o755);
    expect(succeedsAsNobody("ls", ca.directory)).toBe(false);
    chmodSync(ca.directory, 0o755);
    expect(succeedsAsNobody("cat", join(ca.directory, "ca.pem"))).toBe(true);
    for (const file of ["ca.key", "issued.jsonl", "serials"]) {
      expect(existsSync(join(ca.directory, file))).toBe(true);
      expect(succeedsAsNobody("cat", join(ca.directory, file))).toBe(false);
    }
  });
});

describe("a CA does not start", () => {
  it.each([
    ["ca.key", 0o640, "ERR_FILE_NOT_PRIVATE", "chmod 600"],
    ["ca.key", 0o604, "ERR_FILE_NOT_PRIVATE", "chmod 600"],
    ["ca.pem", 0o664, "ERR_FILE_NOT_PRIVATE", "chmod go-w"],
    [".", 0o750, "ERR_DIRECTORY_NOT_PRIVATE", "chmod 700"],
    [".", 0o701, "ERR_DIRECTORY_NOT_PRIVATE", "chmod 700"],
  ])("when %s has mode %o", async (file, mode, code, command) => {
    const { directory } = await localCa();
    const path = join(directory, file);
    chmodSync(path, mode);
    await expect(openLocalCa(directory)).rejects.toMatchObject({ code, hint: `run: ${command} ${path}` });
  });

  it.skipIf(!canChangeUser).each(["ca.key", "ca.pem", "."])("when %s belongs to another user", async (file) => {
    const { directory } = await localCa();
    chownSync(join(directory, file), nobody, nobody);
    await expect(openLocalCa(directory)).rejects.toMatchObject({
      problem: expect.stringContaining(`belongs to uid ${nobody}`),
    });
  });

  it("and issues nothing when its record is open to others", async () => {
    const ca = await localCa();
    await ca.issue("spiffe://local.test/cli");
    chmodSync(join(ca.directory, "serials"), 0o644);
    await expect(ca.issue("spiffe://local.test/cli")).rejects.toMatchObject({ code: "ERR_FILE_NOT_PRIVATE" });
    expect(readdirSync(ca.directory).filter((name) => name.startsWith("lock"))).toEqual([]);
  });
});
