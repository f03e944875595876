// What the programs in this directory share. They run the built code by Node.js for Windows: on Windows, or under Wine.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allow, createClient, createServer } from "pinwire";
import { createTestCa } from "pinwire/testing";
import { greeter } from "../../../dist/examples/greeter/implementation.js";
import { GreeterService } from "../../../dist/src/gen/hello/v1/greeter_pb.js";

export const [serverId, clientId, strangerId] = ["greeter", "cli", "eve"].map((name) => `spiffe://local.test/${name}`);

export { GreeterService, greeter };

/** A name that no other run has. */
export const newPipe = () => `npipe:pinwire-${randomBytes(8).toString("hex")}`;

// With a space, because somebody's home directory has one.
const root = mkdtempSync(join(tmpdir(), "pinwire "));
process.once("exit", () => rmSync(root, { recursive: true, force: true }));

/** Goes away with the process. */
export const tempDirectory = () => mkdtempSync(join(root, "d"));

export const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A CA in memory, and servers and clients on one pipe. What `t` began ends with it. */
export class World {
  ca = createTestCa();
  target = newPipe();
  records = [];

  get path() {
    return `\\\\.\\pipe\\${this.target.slice("npipe:".length)}`;
  }

  /** Why connections were refused. */
  reasons() {
    return this.records.filter(({ event }) => event === "connection refused").map(({ code }) => code);
  }

  server(t, { credentials = this.ca.credentials(serverId, clientId), implementation = greeter, ...options } = {}) {
    const keep = (fields) => this.records.push(fields);
    const logger = { debug: keep, info: keep, warn: keep, error: keep };
    const server = createServer({ credentials, policy: [allow(GreeterService, clientId)], logger, ...options });
    server.service(GreeterService, implementation);
    t.after(() => server.close());
    return server;
  }

  async listening(t, options) {
    const server = this.server(t, options);
    await server.listen(this.target);
    return server;
  }

  client(t, { credentials = this.ca.credentials(clientId, serverId), ...options } = {}) {
    const { target } = this;
    const settings = { credentials, target, peer: serverId, timeoutMs: 10_000, logger: quiet, ...options };
    const client = createClient(GreeterService, settings);
    t.after(() => client.close());
    return client;
  }
}

export async function collect(iterable) {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
}

/** A file of the built project as a process of its own; `line(text)` waits until it has printed that. */
export class Program {
  stdout = "";
  stderr = "";
  #wake = () => {};

  constructor(file, args, cwd) {
    this.child = spawn(process.execPath, [file, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout.on("data", (chunk) => this.#take("stdout", chunk));
    this.child.stderr.on("data", (chunk) => this.#take("stderr", chunk));
    this.ended = once(this.child, "close").then(([code]) => {
      this.#wake();
      return { code, stdout: this.stdout, stderr: this.stderr };
    });
  }

  async line(text) {
    while (!this.stdout.includes(`${text}\n`)) {
      if (this.child.exitCode !== null) throw new Error(`ended early: ${this.stderr}`);
      await new Promise((wake) => {
        this.#wake = wake;
      });
    }
  }

  /** As the task manager does it: on Windows there is no other way. */
  async kill() {
    this.child.kill();
    await this.ended;
  }

  #take(stream, chunk) {
    this[stream] += chunk;
    this.#wake();
  }
}

/** The path of a built file. */
export const built = (file) => join(import.meta.dirname, "../../../dist", file);
