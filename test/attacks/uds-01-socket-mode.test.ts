import { spawn } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { listenSocket } from "../../src/transport/socket-listener.js";
import { asUser, canChangeUser, nobody, withUmask } from "../helpers/as-user.js";
import { tempAddress } from "../helpers/temp-socket.js";
import { has } from "../helpers/tools.js";

// A socket is bound with the mode that the umask leaves, 0777 under umask 000, and is listening before its mode can be
// changed: in a directory that others may pass through, that moment would be enough.
describe("UDS-01: under umask 000 there is no moment in which others can reach the socket", () => {
  it("makes the directory 0700 and the socket 0600", async () => {
    const { path } = await listenOnce();
    expect(path.run).toBe(0o700);
    expect(path.socket).toBe(0o600);
  });

  it.skipIf(!canChangeUser || !has("setpriv"))("lets another user, who tries all the time, in never", async () => {
    const address = tempAddress("run", "app.sock");
    const directory = dirname(address.path);
    mkdirSync(directory);
    chmodSync(directory, 0o755);
    chmodSync(dirname(directory), 0o755);
    const burglar = await Burglar.start(directory);
    const handlers = { onSocket: () => {}, onError: () => {} };
    for (let round = 0; round < 60; round++) {
      const listener = await withUmask(0, () => listenSocket(address, handlers));
      await burglar.triedOnceMore();
      await listener.close();
    }
    expect(await burglar.stop()).toEqual({ reached: [], saw: expect.arrayContaining(["app.sock"]) });
  });

  it.skipIf(!canChangeUser)("does not even let another user try, in the directory it makes itself", async () => {
    const { address, close } = await listenOnce();
    await expect(asUser(nobody, async () => lstatSync(address.path))).rejects.toMatchObject({ code: "EACCES" });
    await close();
  });
});

async function listenOnce() {
  const address = tempAddress("run", "app.sock");
  const listener = await withUmask(0, () => listenSocket(address, { onSocket: () => {}, onError: () => {} }));
  const mode = (path: string) => lstatSync(path).mode & 0o777;
  const path = { run: mode(dirname(address.path)), socket: mode(address.path) };
  return { address, path, close: () => listener.close() };
}

/** A process of another user that connects to everything it finds in a directory, as fast as it can. */
class Burglar {
  readonly #process;
  readonly #lines;

  static async start(directory: string): Promise<Burglar> {
    const burglar = new Burglar(directory);
    await burglar.triedOnceMore();
    return burglar;
  }

  private constructor(directory: string) {
    const drop = [`--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"];
    this.#process = spawn("setpriv", [...drop, process.execPath, "-e", burglarScript, directory]);
    this.#lines = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
  }

  async triedOnceMore(): Promise<void> {
    this.#process.stdin.write("\n");
    await this.#lines.next();
  }

  async stop(): Promise<{ reached: string[]; saw: string[] }> {
    this.#process.stdin.end();
    return JSON.parse((await this.#lines.next()).value ?? "{}");
  }
}

/** Answers each line on its standard input after a whole round, and tells what it found when that ends. */
const burglarScript = `
  const { readdirSync } = require("node:fs"), { connect } = require("node:net"), { join } = require("node:path");
  const directory = process.argv[1], saw = new Set(), reached = new Set();
  let asked = 0, done = false;
  process.stdin.on("data", (data) => { asked += data.length; }).on("end", () => { done = true; });
  const attempt = (name) => new Promise((resolve) => {
    const socket = connect(join(directory, name), () => { reached.add(name); socket.destroy(); resolve(); });
    socket.on("error", resolve);
  });
  const list = () => { try { return readdirSync(directory, { recursive: true }); } catch { return readdirSync(directory); } };
  (async () => {
    while (!done) {
      const names = list();
      for (const name of names) saw.add(name);
      await Promise.all([...names, ...names.map((name) => join(name, "s"))].map(attempt));
      for (; asked > 0; asked--) console.log("tried");
      await new Promise(setImmediate);
    }
    console.log(JSON.stringify({ reached: [...reached], saw: [...saw] }));
  })();
`;
