import { chmodSync, chownSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { UnixAddress } from "../../src/transport/address.js";
import { checkServerSocket } from "../../src/transport/socket-check.js";
import { asUser, canChangeUser, nobody } from "../helpers/as-user.js";
import { dialError } from "../helpers/secure-pair.js";
import { tempAddress, unixAddress } from "../helpers/temp-socket.js";

describe("checkServerSocket", () => {
  it("takes a socket of ours in a directory of ours", async () => {
    await checkServerSocket(await someSocket());
  });

  it("says that there is no socket", async () => {
    const address = await someSocket();
    rmSync(address.path);
    const noDirectory = tempAddress("missing", "app.sock");
    for (const missing of [address, noDirectory]) {
      expect(await dialError(checkServerSocket(missing))).toMatchObject({
        code: "ERR_NO_SOCKET",
        message: `there is no socket at ${missing.path}`,
      });
    }
  });

  it("refuses what is not a socket, and never follows a symbolic link", async () => {
    const { path } = await someSocket();
    const file = unixAddress(join(dirname(path), "file"));
    writeFileSync(file.path, "");
    expect(await dialError(checkServerSocket(file))).toMatchObject({
      code: "ERR_NOT_A_SOCKET",
      message: `${file.path} is not a socket`,
    });
    const link = unixAddress(join(dirname(path), "link"));
    symlinkSync(path, link.path);
    expect(await dialError(checkServerSocket(link))).toMatchObject({
      code: "ERR_NOT_A_SOCKET",
      message: `${link.path} is a symbolic link, which is never followed`,
    });
  });

  it("refuses a socket in a directory that others can write to", async () => {
    const address = await someSocket();
    chmodSync(dirname(address.path), 0o777);
    expect(await dialError(checkServerSocket(address))).toMatchObject({
      code: "ERR_DIRECTORY_NOT_PRIVATE",
      message:
        `the server's socket ${address.path} cannot be trusted: ` +
        `directory ${dirname(address.path)} is open to other users (mode 0777)`,
    });
  });

  describe.skipIf(!canChangeUser)("with other users", () => {
    it("refuses a socket of another user", async () => {
      const address = await someSocket();
      chownSync(address.path, nobody, nobody);
      expect(await dialError(checkServerSocket(address))).toMatchObject({
        code: "ERR_SOCKET_OWNER",
        message: `the socket ${address.path} belongs to uid 65534, not to uid 0`,
      });
    });

    it("refuses a directory of another user", async () => {
      const address = await someSocket();
      chownSync(dirname(address.path), nobody, nobody);
      expect(await dialError(checkServerSocket(address))).toMatchObject({
        code: "ERR_DIRECTORY_NOT_PRIVATE",
        message: expect.stringContaining(`directory ${dirname(address.path)} belongs to uid 65534`),
      });
    });

    it("takes a socket of root, and one of a user that was named", async () => {
      const address = await someSocket();
      for (const path of [dirname(dirname(address.path)), dirname(address.path)]) chmodSync(path, 0o755);
      await asUser(nobody, () => checkServerSocket(address));
      chownSync(address.path, 1234, 1234);
      const look = () => asUser(nobody, () => checkServerSocket(address));
      expect(await dialError(look())).toMatchObject({ code: "ERR_SOCKET_OWNER" });
      await asUser(nobody, () => checkServerSocket(address, [0, 1234]));
    });

    it("says when it may not look", async () => {
      const address = await someSocket();
      const look = () => asUser(nobody, () => checkServerSocket(address));
      expect(await dialError(look())).toMatchObject({
        code: "ERR_CONNECT_FAILED",
        message: expect.stringContaining(`cannot look at the socket ${address.path}: `),
      });
    });
  });
});

async function someSocket(): Promise<UnixAddress> {
  const address = tempAddress("run", "app.sock");
  mkdirSync(dirname(address.path), { mode: 0o700 });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${address.path}.first`, resolve));
  linkSync(`${address.path}.first`, address.path);
  onTestFinished(() => void server.close());
  return address;
}
