import { chmodSync, chownSync, mkdirSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import type { UnixAddress } from "../../src/transport/address.js";
import { asUser, canChangeUser, nobody } from "../helpers/as-user.js";
import { dialError, SecurePair } from "../helpers/secure-pair.js";

// Who can write to the directory can take the server's name away from it and put another socket there.
describe("UDS-02: a directory that others can change is refused, by the server and by the client", () => {
  it.each([
    ["world-writable", 0o707, "0707", "run: chmod 700 "],
    ["group-writable", 0o770, "0770", "run: chmod 700 "],
    ["writable by all, with the sticky bit", 0o1777, "1777", "everybody uses it: choose a directory of your own in it"],
  ])("%s", async (_, mode, shown, hint) => {
    const pair = new SecurePair();
    const directory = makeDirectory(pair.address, mode);
    await expect(pair.listener.listen(pair.address)).rejects.toMatchObject({
      code: "ERR_DIRECTORY_NOT_PRIVATE",
      message: expect.stringContaining(`directory ${directory} is open to other users (mode ${shown}) - ${hint}`),
    });
    expect(readdirSync(directory)).toEqual([]);
    expect(await dialError(pair.dial())).toMatchObject({ code: "ERR_DIRECTORY_NOT_PRIVATE" });
  });

  it("a private one, in one that others can rename it in", async () => {
    const pair = new SecurePair();
    const directory = makeDirectory(pair.address, 0o700);
    chmodSync(dirname(directory), 0o777);
    await expect(pair.listener.listen(pair.address)).rejects.toMatchObject({
      code: "ERR_DIRECTORY_NOT_PRIVATE",
      message: expect.stringContaining(
        `is below ${dirname(directory)}, in which other users can rename it (mode 0777)`,
      ),
    });
    chmodSync(dirname(directory), 0o1777);
    await pair.listener.listen(pair.address);
  });

  it.skipIf(!canChangeUser)("one of another user, also for root", async () => {
    const pair = new SecurePair();
    const directory = makeDirectory(pair.address, 0o755);
    chownSync(directory, nobody, nobody);
    await expect(pair.listener.listen(pair.address)).rejects.toMatchObject({
      code: "ERR_DIRECTORY_NOT_PRIVATE",
      message: expect.stringContaining(`directory ${directory} belongs to uid 65534, not to uid 0`),
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it.skipIf(!canChangeUser)("one of root, for a server of another user", async () => {
    const pair = new SecurePair();
    const directory = makeDirectory(pair.address, 0o755);
    chmodSync(dirname(directory), 0o755);
    await expect(asUser(nobody, () => pair.listener.listen(pair.address))).rejects.toMatchObject({
      code: "ERR_DIRECTORY_NOT_PRIVATE",
      problem: `directory ${directory} belongs to uid 0, not to uid 65534`,
      hint: `choose a directory of your own, or, if this one is meant for you, run: chown 65534 ${directory}`,
    });
  });
});

function makeDirectory({ path }: UnixAddress, mode: number): string {
  mkdirSync(dirname(path));
  chmodSync(dirname(path), mode);
  return dirname(path);
}
