import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import type { UnixAddress } from "../../src/transport/address.js";
import { built } from "../helpers/built.js";
import { dialError, echoed, SecurePair } from "../helpers/secure-pair.js";
import { staleSocket } from "../helpers/stale-socket.js";
import { tempAddress, unixAddress } from "../helpers/temp-socket.js";

// Bare Node.js fails with EADDRINUSE after a crash; servers that simply remove the file first steal each other's name.
describe("UDS-03: a stale socket is replaced, a live one never", () => {
  it("starts again after kill -9, and clients are told apart what they met", async () => {
    const address = tempAddress();
    const { process: first } = await startServer(address);
    first.kill("SIGKILL");
    await once(first, "exit");
    const pair = new SecurePair();
    expect(await dialError(pair.dial({ address }))).toMatchObject({
      code: "ERR_STALE_SOCKET",
      message: `nobody listens on the socket ${address.path} any more`,
    });
    await pair.listener.listen(address);
    await pair.expectService({ address });
    expect(readdirSync(dirname(address.path))).toEqual(["test.sock"]);
  });

  it("refuses to start beside a live server, which is unharmed and reports nothing", async () => {
    const pair = await SecurePair.start();
    const { socket } = await pair.dial();
    const { answer } = await startServer(pair.address);
    expect(answer).toMatchObject({
      listening: false,
      code: "ERR_ADDRESS_IN_USE",
      message:
        `the socket ${pair.address.path} is in use: another server answers on it - ` +
        "stop that server, or choose another path",
    });
    await echoed(socket, "unharmed");
    await pair.expectService();
    expect(pair.refused.all).toEqual([]);
  });

  it("is not fooled by a live server that does not accept", async () => {
    const address = tempAddress();
    const { process: stopped } = await startServer(address);
    stopped.kill("SIGSTOP");
    const { answer } = await startServer(address);
    expect(answer).toMatchObject({ code: "ERR_ADDRESS_IN_USE" });
    stopped.kill("SIGCONT");
    await echoed(connect({ path: address.path }).unref(), "unharmed");
  });

  it("is not fooled by a live server whose queue is full", async () => {
    const pair = new SecurePair();
    await pair.listener.listen(pair.address);
    const { path } = unixAddress(join(dirname(pair.address.path), "busy.sock"));
    const script = "require('net').createServer().listen({path: process.argv[1], backlog: 1}, () => console.log('{}'))";
    const busy = spawn(process.execPath, ["-e", script, path], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void busy.kill("SIGKILL"));
    await once(busy.stdout, "data");
    busy.kill("SIGSTOP");
    await fillQueue(path);
    await expect(pair.listener.listen(unixAddress(path))).rejects.toMatchObject({ code: "ERR_ADDRESS_IN_USE" });
    expect(await dialError(pair.dial({ address: unixAddress(path) }))).toMatchObject({
      code: "ERR_CONNECT_FAILED",
      message: `too many clients wait at the socket ${path}`,
    });
  });

  it("lets exactly one of eight servers win that start at once over a stale socket", async () => {
    const address = tempAddress("app.sock");
    for (let round = 0; round < 3; round++) {
      staleSocket(address.path);
      const servers = await Promise.all(Array.from({ length: 8 }, () => startServer(address)));
      const answers = servers.map(({ answer }) => answer.code ?? "listening").sort();
      expect(answers).toEqual([...Array(7).fill("ERR_ADDRESS_IN_USE"), "listening"]);
      await echoed(connect({ path: address.path }).unref(), "served");
      expect(readdirSync(dirname(address.path))).toEqual(["app.sock"]);
      for (const { process } of servers) process.kill("SIGKILL");
      await Promise.all(servers.map(({ process }) => process.exitCode ?? process.signalCode ?? once(process, "exit")));
    }
  });
});

/** Connects until the kernel takes no more. */
async function fillQueue(path: string): Promise<void> {
  for (;;) {
    const socket = connect({ path });
    onTestFinished(() => void socket.destroy());
    const outcome = await new Promise<string>((resolve) => {
      socket.once("connect", () => resolve("queued"));
      socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code ?? "failed"));
    });
    if (outcome !== "queued") {
      expect(outcome).toBe("EAGAIN");
      return;
    }
  }
}

interface Answer {
  readonly listening: boolean;
  readonly code?: string;
  readonly message?: string;
}

async function startServer({ path }: UnixAddress): Promise<{ process: ChildProcess; answer: Answer }> {
  const script = join(import.meta.dirname, "..", "helpers", "socket-process.mjs");
  const child = spawn(process.execPath, [script, built("src/transport/socket-listener.js"), path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = await once(createInterface(child.stdout), "line");
  return { process: child, answer: JSON.parse(line) };
}
