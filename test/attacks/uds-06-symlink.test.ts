import { lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { dialError, SecurePair } from "../helpers/secure-pair.js";
import { staleSocket } from "../helpers/stale-socket.js";
import { tempDirectory } from "../helpers/temp-directory.js";

// Whoever can place a link where a server is about to listen would choose the file that it removes, or the socket that
// its clients talk to.
describe("UDS-06: a symbolic link in the socket's place is refused, and what it points to is untouched", () => {
  it.each([
    ["dangling", () => join(tempDirectory(), "nothing"), (target: string) => expect(() => lstatSync(target)).toThrow()],
    ["to a file", aFile, (target: string) => expect(readFileSync(target, "utf8")).toBe("precious")],
    ["to a live socket", aSocket, (target: string) => expect(lstatSync(target).isSocket()).toBe(true)],
    [
      "to a stale socket",
      () => staleSocket(join(tempDirectory(), "socket")),
      (target: string) => expect(lstatSync(target).isSocket()).toBe(true),
    ],
  ])("%s", async (_, makeTarget, expectUntouched) => {
    const pair = new SecurePair();
    const { path } = pair.address;
    const target = await makeTarget();
    mkdirSync(dirname(path), { mode: 0o700 });
    symlinkSync(target, path);
    await expect(pair.listener.listen(pair.address)).rejects.toMatchObject({
      code: "ERR_NOT_A_SOCKET",
      message:
        `${path} is a symbolic link; it was not touched - ` +
        `choose another path, or look at it and remove it: ls -ld ${path}`,
    });
    expect(await dialError(pair.dial())).toMatchObject({
      code: "ERR_NOT_A_SOCKET",
      message: `${path} is a symbolic link, which is never followed`,
    });
    expect(readlinkSync(path)).toBe(target);
    expectUntouched(target);
  });

  it("also in the place of its directory", async () => {
    const pair = new SecurePair();
    const elsewhere = tempDirectory();
    symlinkSync(elsewhere, dirname(pair.address.path));
    await expect(pair.listener.listen(pair.address)).rejects.toMatchObject({
      code: "ERR_DIRECTORY_NOT_PRIVATE",
      message: `${dirname(pair.address.path)} is a symbolic link - name the directory itself`,
    });
    expect(await dialError(pair.dial())).toMatchObject({ code: "ERR_DIRECTORY_NOT_PRIVATE" });
  });
});

async function aFile(): Promise<string> {
  const path = join(tempDirectory(), "file");
  writeFileSync(path, "precious");
  return path;
}

async function aSocket(): Promise<string> {
  const path = join(tempDirectory(), "socket");
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  return path;
}
