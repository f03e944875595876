// certs-tool, the example server and the pinwire command, each as a process of its own.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { allow, loadCredentials } from "pinwire";
import { openAuditLog } from "pinwire/audit";
import { HealthService } from "pinwire/health";
import { ReflectionService } from "pinwire/reflection";
import { built, clientId, GreeterService, newPipe, Program, serverId, tempDirectory, World } from "./world.mjs";

describe("the commands", () => {
  const base = tempDirectory();
  const target = newPipe();
  const run = (file, ...args) => new Program(built(file), args, base).ended;
  const certsTool = async (...args) => {
    const { code, stdout, stderr } = await run("certs-tool/main.js", ...args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const pinwire = (command, ...args) =>
    run("src/cli/main.js", command, target, ...args, "--credentials", "cli", "--peer", serverId);

  it("certs-tool makes a CA and two identities that know each other", async () => {
    await certsTool("init", "--ca", "ca", "--trust-domain", "local.test");
    await certsTool("issue", serverId, "--ca", "ca", "--out", "greeter");
    await certsTool("issue", clientId, "--ca", "ca", "--out", "cli");
    await certsTool("pin", "greeter", "cli");
    const verified = await certsTool("verify", "greeter");
    assert.match(verified, /^ok {6}the directory is there; whom its ACL lets in was not checked\n/);
    assert.match(verified, /accepts spiffe:\/\/local\.test\/cli\n$/);
    assert.deepEqual(readdirSync(join(base, "cli")).sort(), ["bundle.pem", "cert.pem", "key.pem", "pins.json"]);
    assert.deepEqual(readdirSync(join(base, "ca")).sort(), ["ca.key", "ca.pem", "issued.jsonl", "serials"]);
  });

  it("pinwire says that no server is there", async () => {
    const { code, stderr } = await pinwire("health");
    assert.match(stderr, /^pinwire: error: .*there is no pipe at \\\\\.\\pipe\\pinwire-/);
    assert.equal(code, 14);
  });

  it("a server and a client find each other, and a killed server leaves its name to the next", async () => {
    const words = ["--credentials", "greeter", "--listen", target, "--allow", clientId];
    const server = new Program(built("examples/greeter/server.js"), words, base);
    await server.line(`listening ${target}`);
    const where = ["--credentials", "cli", "--target", target, "--peer", serverId];
    const { stdout, stderr } = await run("examples/greeter/client.js", ...where, "--name", "Ada");
    await server.kill();
    assert.equal(stdout, `{"greeting":"Hello, Ada, known to me as ${clientId}"}\n`, stderr);
  });

  it("pinwire calls, lists and asks for health", async (t) => {
    const world = new World();
    world.target = target;
    const credentials = await loadCredentials(join(base, "greeter"));
    t.after(() => credentials.close());
    const policy = [GreeterService, HealthService, ReflectionService].map((service) => allow(service, clientId));
    await world.listening(t, { credentials, policy, reflection: true });
    assert.deepEqual(await pinwire("call", "GreeterService/SayHello", '{"name":"Ada"}'), {
      code: 0,
      stdout: `{"greeting":"Hello, Ada, known to me as ${clientId}"}\n`,
      stderr: "",
    });
    assert.match((await pinwire("list")).stdout, /^hello\.v1\.GreeterService$/m);
    assert.equal((await pinwire("health")).stdout, "SERVING\n");
  });

  it("pinwire verifies an audit log", async () => {
    const place = {
      directory: join(base, "log"),
      keyFile: join(base, "key.pem"),
      anchorFile: join(base, "anchor.json"),
    };
    await (await openAuditLog(place)).close();
    const verified = await run(
      "src/cli/main.js",
      "audit",
      "verify",
      "log",
      "--key",
      "key.pem",
      "--anchor",
      "anchor.json",
    );
    assert.match(verified.stdout, /^ok: 4 records, 1 to 4, in 1 segments and 1 epochs\n/, verified.stderr);
    assert.equal(verified.code, 0);
  });
});
