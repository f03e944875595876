import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createClient } from "../../src/client/client.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow, type PolicyRule } from "../../src/interceptors/policy.js";
import { loadCredentials } from "../../src/load-credentials.js";
import { createServer } from "../../src/server/server.js";
import { Status } from "../../src/status.js";
import { connectInProcess, createTestCa, type InProcessOptions, tempSocket } from "../../src/testing.js";
import { collect, failure, signalled } from "../helpers/collect.js";
import { greeter, RecordingLogger } from "../helpers/greeter-pair.js";
import { clientId, serverId } from "../helpers/identities.js";
import { tempDirectory } from "../helpers/temp-directory.js";

const root = resolve(import.meta.dirname, "../..");
const strangerId = "spiffe://local.test/stranger";

function pair(options: { readonly policy?: readonly [PolicyRule] } = {}, implementation: Partial<typeof greeter> = {}) {
  const ca = createTestCa();
  const log = new RecordingLogger();
  const credentials = ca.credentials(serverId, clientId);
  const server = createServer({ credentials, policy: [allow(GreeterService, clientId)], logger: log, ...options });
  server.service(GreeterService, { ...greeter, ...implementation });
  onTestFinished(() => server.close());
  const channel = (more: Partial<InProcessOptions> = {}) => {
    const made = connectInProcess(server, { credentials: ca.credentials(clientId, serverId), peer: serverId, ...more });
    onTestFinished(() => made.close());
    return made;
  };
  const client = (more: Partial<InProcessOptions> = {}) =>
    createClient(GreeterService, channel(more), { timeoutMs: 10_000 });
  return { ca, log, credentials, server, channel, client };
}

describe("connectInProcess()", () => {
  it("runs all four kinds of call, with the identity of the certificate", async () => {
    const { client, channel } = pair();
    const calls = client();
    expect((await calls.sayHello({ name: "Ada" })).greeting).toBe(`Hello, Ada, known to me as ${clientId}`);
    expect(await collect(calls.sayManyHellos({ name: "Ada", count: 3 }))).toHaveLength(3);
    expect((await calls.collectHellos([{ name: "a" }, { name: "b" }])).count).toBe(2);
    expect(await collect(calls.chat([{ name: "a" }, { name: "b" }]))).toHaveLength(2);
    const own = channel();
    await createClient(GreeterService, own, { timeoutMs: 10_000 }).sayHello({ name: "x" });
    expect(own.transport).toBe("direct");
  });

  it("carries what is large and what is many", async () => {
    const { client } = pair();
    const name = "x".repeat(1_000_000);
    const [one, ...many] = await Promise.all(Array.from({ length: 20 }, () => client().sayHello({ name })));
    expect(one?.greeting).toHaveLength(`Hello, , known to me as ${clientId}`.length + name.length);
    expect(many).toHaveLength(19);
  });

  it("keeps the policy", async () => {
    const { client } = pair({ policy: [allow(GreeterService.method.chat, clientId)] });
    expect(await failure(client().sayHello({}))).toMatchObject({ status: Status.PERMISSION_DENIED });
  });

  it("refuses a client that is not pinned, and one of another CA", async () => {
    const { ca, client, log } = pair();
    const unpinned = client({ credentials: ca.credentials(strangerId, serverId) });
    expect(await failure(unpinned.sayHello({}))).toMatchObject({ code: "ERR_REFUSED_BY_PEER" });
    await log.find(({ code }) => code === "ERR_NOT_PINNED");
    const foreign = client({ credentials: createTestCa().credentials(clientId, serverId) });
    expect(await failure(foreign.sayHello({}))).toMatchObject({ code: "ERR_UNKNOWN_ISSUER" });
  });

  it("accepts no server but the one that was named", async () => {
    const { ca, client } = pair();
    const other = client({ peer: strangerId, credentials: ca.credentials(clientId, strangerId, serverId) });
    expect(await failure(other.sayHello({}))).toMatchObject({ code: "ERR_UNEXPECTED_IDENTITY" });
  });

  it("notices when a pin is withdrawn", async () => {
    const { ca, credentials, client } = pair();
    const calls = client();
    await calls.sayHello({});
    credentials.set(ca.credentials(serverId, strangerId).current());
    expect(await failure(calls.sayHello({}))).toMatchObject({
      code: expect.stringMatching(/^ERR_(REFUSED_BY_PEER|CONNECTION_LOST)$/),
    });
  });

  it("cancels: the handler is told", async () => {
    const started = signalled();
    const ended = signalled();
    const { client } = pair(
      {},
      {
        sayHello: (_, { signal }) => {
          signal.addEventListener("abort", () => ended.resolve());
          started.resolve();
          return new Promise(() => {});
        },
      },
    );
    const abort = new AbortController();
    const call = failure(client().sayHello({}, { signal: abort.signal }));
    await started.promise;
    abort.abort();
    expect(await call).toMatchObject({ status: Status.CANCELLED });
    await ended.promise;
  });

  it("ends when the server drains", async () => {
    const { server, client } = pair();
    const calls = client();
    await calls.sayHello({});
    await server.drain();
    expect(await failure(calls.sayHello({}))).toMatchObject({ status: Status.UNAVAILABLE });
    await expect(server.listen(tempSocketFor().address)).rejects.toMatchObject({ code: "ERR_SERVER_CLOSED" });
  });

  it("may go along with a socket", async () => {
    const { ca, server, client } = pair();
    const { address: target } = tempSocketFor();
    await server.listen(target);
    const outside = createClient(GreeterService, {
      credentials: ca.credentials(clientId, serverId),
      target,
      peer: serverId,
      timeoutMs: 10_000,
    });
    onTestFinished(() => outside.close());
    expect(await outside.sayHello({ name: "x" })).toEqual(await client().sayHello({ name: "x" }));
  });
});

describe("createTestCa()", () => {
  it("writes what loadCredentials() takes", async () => {
    const ca = createTestCa("example.test");
    const id = "spiffe://example.test/a";
    const directory = join(tempDirectory(), "a");
    ca.writeCredentials(directory, id, "spiffe://example.test/b");
    const credentials = await loadCredentials(directory);
    onTestFinished(() => credentials[Symbol.asyncDispose]?.());
    expect(credentials.current().svid.id.toString()).toBe(id);
    expect(credentials.current().svid.certPem).toBe(ca.credentials(id).current().svid.certPem);
    expect(statSync(join(directory, "key.pem")).mode & 0o777).toBe(0o600);
  });

  it("has no identity of another trust domain", () => {
    expect(() => createTestCa("example.test").credentials("spiffe://local.test/a")).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_SPIFFE_ID" }),
    );
    expect(() => createTestCa("no such name")).toThrow(expect.objectContaining({ code: "ERR_INVALID_SPIFFE_ID" }));
  });
});

describe("tempSocket()", () => {
  it("is a private place that goes away", () => {
    const socket = tempSocket();
    const directory = dirname(socket.address.slice("unix:".length));
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    socket[Symbol.dispose]();
    expect(existsSync(directory)).toBe(false);
    expect(socket.address).not.toBe(tempSocketFor().address);
  });
});

describe("pinwire/testing", () => {
  it("is not loaded by pinwire", () => {
    for (const path of ["src/index.ts", "src/server/server.ts", "src/client/channel.ts", "src/server/serving.ts"]) {
      expect(readFileSync(join(root, path), "utf8")).not.toMatch(/"\.\.?\/(\.\.\/)?testing/);
    }
  });

  it("has an example that works as it stands", { timeout: 60_000 }, () => {
    const document = readFileSync(join(root, "docs/testing.md"), "utf8");
    const code = /<!-- snippet: greeter.test -->\n```ts\n(.*?)\n```/s.exec(document)?.[1] ?? "";
    const dir = tempDirectory();
    mkdirSync(join(dir, "node_modules"));
    symlinkSync(root, join(dir, "node_modules", "pinwire"));
    symlinkSync(join(root, "node_modules", "@bufbuild"), join(dir, "node_modules", "@bufbuild"));
    cpSync(join(root, "dist/src/gen"), join(dir, "gen"), { recursive: true });
    writeFileSync(join(dir, "package.json"), '{"type":"module"}');
    writeFileSync(join(dir, "greeter.test.mjs"), code);
    // As TypeScript it is what it says too.
    symlinkSync(join(root, "node_modules", "@types"), join(dir, "node_modules", "@types"));
    writeFileSync(join(dir, "greeter.test.ts"), code);
    const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023", "--types", "node"];
    const libraries = ["--lib", "es2023,esnext.disposable", "--skipLibCheck"];
    const tsc = spawnSync(join(root, "node_modules/.bin/tsc"), [...flags, ...libraries, "greeter.test.ts"], {
      cwd: dir,
      encoding: "utf8",
    });
    expect(tsc).toMatchObject({ status: 0, stdout: "" });
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--test", "greeter.test.mjs"], {
      cwd: dir,
      encoding: "utf8",
    });
    expect({ status, stderr, summary: /^# pass \d+$|ℹ pass \d+$/m.exec(stdout)?.[0] }, stdout).toEqual({
      status: 0,
      stderr: "",
      summary: expect.stringMatching(/pass 2$/),
    });
  });
});

function tempSocketFor() {
  const socket = tempSocket();
  onTestFinished(() => socket[Symbol.dispose]());
  return socket;
}
