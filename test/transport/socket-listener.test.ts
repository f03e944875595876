import { linkSync, lstatSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { UnixAddress } from "../../src/transport/address.js";
import { listenSocket, type SocketListener } from "../../src/transport/socket-listener.js";
import { listenSocketWindows } from "../../src/transport/socket-listener-windows.js";
import { withUmask } from "../helpers/as-user.js";
import { socketClosed } from "../helpers/secure-pair.js";
import { tempDirectory } from "../helpers/temp-directory.js";
import { tempAddress, unixAddress } from "../helpers/temp-socket.js";

describe("listenSocket", () => {
  it("creates a directory and a socket for us alone, and leaves nothing else there", async () => {
    const address = tempAddress("run", "app.sock");
    await withUmask(0o000, () => listen(address));
    expect(modeOf(dirname(address.path))).toBe(0o700);
    expect(modeOf(address.path)).toBe(0o600);
    expect(lstatSync(address.path).isSocket()).toBe(true);
    expect(readdirSync(dirname(address.path))).toEqual(["app.sock"]);
  });

  it("works under a umask that takes our own rights away", async () => {
    const address = tempAddress("run", "app.sock");
    await withUmask(0o777, () => listen(address));
    await answered(address);
    expect(modeOf(address.path)).toBe(0o600);
  });

  it("hands over the connections, also when the first bytes came before anybody listened for them", async () => {
    const address = tempAddress();
    const accepted: Socket[] = [];
    await listen(address, (socket) => accepted.push(socket));
    const client = connect({ path: address.path });
    await new Promise<void>((resolve) => client.write("hello", () => resolve()));
    await expect.poll(() => accepted.length).toBe(1);
    const received = new Promise((resolve) => accepted[0]?.once("data", resolve));
    expect(String(await received)).toBe("hello");
    client.destroy();
  });

  it("removes the socket when it closes, and can be closed twice", async () => {
    const address = tempAddress();
    const listener = await listen(address);
    await Promise.all([listener.close(), listener.close()]);
    expect(readdirSync(dirname(address.path))).toEqual([]);
  });

  it("lets connections that were accepted go on after it is closed", async () => {
    const address = tempAddress();
    const listener = await listen(address, (socket) => socket.pipe(socket));
    const client = connect({ path: address.path });
    const reply = () => new Promise((resolve) => client.once("data", resolve));
    client.write("one");
    await reply();
    await listener.close();
    client.write("two");
    expect(String(await reply())).toBe("two");
    client.destroy();
  });

  it("leaves another server's socket alone when it closes", async () => {
    const address = tempAddress();
    const first = await listen(address);
    renameSync(address.path, `${address.path}.old`);
    await listen(address);
    await first.close();
    await answered(address);
  });

  it("leaves a file alone that somebody put in the socket's place", async () => {
    const address = tempAddress();
    const listener = await listen(address);
    renameSync(address.path, `${address.path}.old`);
    writeFileSync(address.path, "mine");
    await listener.close();
    expect(lstatSync(address.path).size).toBe(4);
  });

  it("refuses a path where a server answers, and tells a second name of it apart from a stale socket", async () => {
    const address = tempAddress();
    await listen(address);
    const secondName = unixAddress(join(dirname(address.path), "second.sock"));
    linkSync(address.path, secondName.path);
    for (const taken of [address, secondName]) {
      await expect(listen(taken)).rejects.toMatchObject({
        code: "ERR_ADDRESS_IN_USE",
        message:
          `the socket ${taken.path} is in use: another server answers on it - ` +
          "stop that server, or choose another path",
      });
    }
    expect(readdirSync(dirname(address.path)).sort()).toEqual(["second.sock", "test.sock"]);
  });

  it.each([
    ["a file", (path: string) => writeFileSync(path, "precious"), "not a socket"],
    ["a directory", (path: string) => mkdirSync(path), "a directory"],
  ])("refuses %s and does not touch it", async (_, create, kind) => {
    const address = tempAddress("app.sock");
    create(address.path);
    const before = lstatSync(address.path);
    await expect(listen(address)).rejects.toMatchObject({
      code: "ERR_NOT_A_SOCKET",
      message:
        `${address.path} is ${kind}; it was not touched - ` +
        `choose another path, or look at it and remove it: ls -ld ${address.path}`,
    });
    expect(lstatSync(address.path)).toMatchObject({ ino: before.ino, size: before.size });
    expect(readdirSync(dirname(address.path))).toEqual(["app.sock"]);
  });

  it("creates one directory, not a path", async () => {
    const parent = join(tempDirectory(), "missing");
    await expect(listen(unixAddress(join(parent, "run", "app.sock")))).rejects.toMatchObject({
      code: "ERR_FILE_MISSING",
      message: `the directory ${parent} does not exist - check the path, or run: mkdir -p -m 700 ${parent}`,
    });
  });

  it("refuses a directory in which its hidden name would be cut off", async () => {
    const parent = tempDirectory();
    const directory = join(parent, "d".repeat(92 - parent.length - 1));
    await expect(listen(unixAddress(join(directory, "s")))).rejects.toMatchObject({
      code: "ERR_PATH_TOO_LONG",
      message:
        `the directory ${directory} has a path of 92 bytes, a socket in it can be made safely up to 91 - ` +
        "choose a directory with a shorter path",
    });
    const address = unixAddress(join(directory.slice(0, -1), "s"));
    await listen(address);
    await answered(address);
  });

  it("leaves nothing open when it fails, and nothing after it is closed", async () => {
    const address = tempAddress();
    // Of all that is active, what a socket is: the test runner has timers of its own.
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith("Pipe"));
    const before = sockets();
    const listener = await listen(address);
    await expect(listen(address)).rejects.toMatchObject({ code: "ERR_ADDRESS_IN_USE" });
    await listener.close();
    expect(sockets()).toEqual(before);
  });
});

// A pipe is a path to node:net, so what is ours of it can be tried with one that this system has.
describe("listenSocketWindows", () => {
  it("takes a name that is free and refuses one that is not", async () => {
    const path = join(tempDirectory(), "pipe");
    const address = { kind: "npipe", name: "app", path, text: "npipe:app" } as const;
    const handlers = { onSocket: (socket: Socket) => void socket.destroy(), onError: () => {} };
    const listener = await listenSocketWindows(address, handlers);
    await expect(listenSocketWindows(address, handlers)).rejects.toMatchObject({
      code: "ERR_ADDRESS_IN_USE",
      message:
        "the pipe npipe:app exists already - stop the process that owns it, and what is still connected to it, or choose another name",
    });
    await listener.close();
    await (await listenSocketWindows(address, handlers)).close();
  });

  it("waits a moment for a name that is just being given up", async () => {
    const path = join(tempDirectory(), "pipe");
    const address = { kind: "npipe", name: "app", path, text: "npipe:app" } as const;
    const handlers = { onSocket: (socket: Socket) => void socket.destroy(), onError: () => {} };
    const first = await listenSocketWindows(address, handlers);
    const second = listenSocketWindows(address, handlers);
    await new Promise(setImmediate);
    await first.close();
    await (await second).close();
  });

  it("says what else went wrong", async () => {
    const path = join(tempDirectory(), "missing", "pipe");
    const address = { kind: "npipe", name: "app", path, text: "npipe:app" } as const;
    await expect(listenSocketWindows(address, { onSocket: () => {}, onError: () => {} })).rejects.toMatchObject({
      code: "ERR_LISTEN_FAILED",
      message: "cannot listen on npipe:app: EACCES - choose another name",
    });
  });
});

async function listen(
  address: UnixAddress,
  onSocket: (socket: Socket) => void = (socket) => socket.destroy(),
): Promise<SocketListener> {
  const listener = await listenSocket(address, { onSocket, onError: () => {} });
  onTestFinished(() => listener.close());
  return listener;
}

async function answered({ path }: UnixAddress): Promise<void> {
  const socket = connect({ path });
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  socket.on("error", () => {}).resume();
  await socketClosed(socket.end());
}

function modeOf(path: string): number {
  return lstatSync(path).mode & 0o777;
}
