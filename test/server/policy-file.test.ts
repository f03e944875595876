import { chmodSync, mkdirSync, openSync, renameSync, rmSync, symlinkSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError, UsageError } from "../../src/errors.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow, deny, shadow } from "../../src/interceptors/policy.js";
import { createServer } from "../../src/server/server.js";
import { Status } from "../../src/status.js";
import { collect, failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";
import { allowing, nextChange, nextRefusal, PolicyFiles } from "../helpers/policy-files.js";
import { tempDirectory } from "../helpers/temp-directory.js";
import { thrown } from "../helpers/thrown.js";

const sayHello = "/hello.v1.GreeterService/SayHello";
const sayManyHellos = "/hello.v1.GreeterService/SayManyHellos";

async function start(policy: object | string) {
  const file = new PolicyFiles(policy);
  const pair = await GreeterPair.start({ server: { policy: [], policyFile: file.path } });
  return { file, pair };
}

describe("a policy file", () => {
  it("decides, with nothing said in code", async () => {
    const { pair } = await start(allowing(clientId, sayHello));
    expect((await pair.client.sayHello({ name: "Ada" })).greeting).toContain("Ada");
    expect(await failure(pair.client.sayManyHellos({ name: "Ada", count: 1 }))).toMatchObject({
      status: Status.PERMISSION_DENIED,
    });
    expect(await pair.log.find(({ code }) => code === "ERR_POLICY")).toMatchObject({ reason: "no rule allows it" });
  });

  it("opens and closes methods on a connection that is already there", async () => {
    const { file, pair } = await start(allowing(clientId, sayHello));
    await pair.client.sayHello({ name: "x" });

    // The server did not name this method when the connection was made.
    const opened = nextChange(pair.server);
    file.write(allowing(clientId, sayManyHellos));
    expect(await opened).toEqual({ file: file.path, name: "test", rules: 1 });
    expect(await collect(pair.client.sayManyHellos({ name: "x", count: 2 }))).toHaveLength(2);
    // And this one it did.
    expect(await failure(pair.client.sayHello({ name: "x" }))).toMatchObject({ status: Status.PERMISSION_DENIED });
    expect(pair.log.records.filter(({ event }) => event === "policy changed")).toEqual([
      { level: "info", event: "policy changed", file: file.path, policy: "test", rules: 1 },
    ]);

    const again = nextChange(pair.server);
    file.write(allowing(clientId, sayHello));
    await again;
    expect((await pair.client.sayHello({ name: "Ada" })).greeting).toContain("Ada");
  });

  it("that became bad changes nothing and is reported once; mended, it counts", async () => {
    const { file, pair } = await start(allowing(clientId, sayHello));
    const refused = nextRefusal(pair.server);
    file.write(`{"name": "p", "allow_rules": [{"name": "r",\n "surce": {}}]}`);
    expect(await refused).toMatchObject({
      code: "ERR_POLICY_INVALID",
      problem: `${file.path}:2:2: allow_rules[0]: unknown field "surce"`,
    });
    await pair.client.sayHello({ name: "x" });
    await expect(pair.server.reloadPolicy()).rejects.toMatchObject({ code: "ERR_POLICY_INVALID" });
    await pair.client.sayHello({ name: "x" });
    expect(pair.log.records.filter(({ event }) => event === "policy refused")).toEqual([
      {
        level: "error",
        event: "policy refused",
        code: "ERR_POLICY_INVALID",
        reason: expect.stringContaining('allow_rules[0]: unknown field "surce"'),
      },
    ]);

    const changed = nextChange(pair.server);
    file.write(allowing(clientId, sayManyHellos));
    await changed;
    expect(await failure(pair.client.sayHello({ name: "x" }))).toMatchObject({ status: Status.PERMISSION_DENIED });
  });

  const spoil: Record<string, { spoil: (path: string) => void; code: string }> = {
    "is gone": { spoil: (path) => rmSync(path), code: "ERR_FILE_MISSING" },
    "others can write": { spoil: (path) => chmodSync(path, 0o666), code: "ERR_FILE_NOT_PRIVATE" },
    "is in a directory that others can write": {
      spoil: (path) => chmodSync(dirname(path), 0o777),
      code: "ERR_DIRECTORY_NOT_PRIVATE",
    },
    "is a directory": {
      spoil: (path) => {
        rmSync(path);
        mkdirSync(path);
      },
      code: "ERR_FILE_NOT_PRIVATE",
    },
    "allows nobody anything": {
      spoil: (path) => writeFileSync(path, '{"name": "p", "allow_rules": []}'),
      code: "ERR_POLICY_INVALID",
    },
    "is not UTF-8": { spoil: (path) => writeFileSync(path, Buffer.from([0x22, 0xff])), code: "ERR_POLICY_INVALID" },
    "is larger than any policy": {
      spoil: (path) => writeFileSync(path, " ".repeat(8 * 1024 * 1024 + 1)),
      code: "ERR_FILE_MALFORMED",
    },
  };
  for (const [what, { spoil: act, code }] of Object.entries(spoil)) {
    it(`that ${what} keeps a server from starting, and leaves one that runs as it is`, async () => {
      const { file, pair } = await start(allowing(clientId, sayHello));
      const refused = nextRefusal(pair.server);
      act(file.path);
      expect(await refused).toMatchObject({ code });
      await pair.client.sayHello({ name: "x" });

      const other = new GreeterPair({ server: { policy: [], policyFile: file.path } });
      await expect(other.server.listen(other.target)).rejects.toMatchObject({ code });
    });
  }

  it("lets listen() be tried again once it is mended", async () => {
    const file = new PolicyFiles("{");
    const pair = new GreeterPair({ server: { policy: [], policyFile: file.path } });
    await expect(pair.server.listen(pair.target)).rejects.toMatchObject({ code: "ERR_POLICY_INVALID" });
    file.write(allowing(clientId, sayHello));
    await pair.server.listen(pair.target);
    await pair.client.sayHello({ name: "x" });
  });

  it("that is written slowly is read when it is complete", async () => {
    const { file, pair } = await start(allowing(clientId, sayHello));
    const text = JSON.stringify(allowing(clientId, sayManyHellos));
    const changed = nextChange(pair.server);
    const handle = openSync(file.path, "w");
    for (const character of text) {
      writeSync(handle, character);
      await new Promise(setImmediate);
    }
    await changed;
    expect(await collect(pair.client.sayManyHellos({ name: "x", count: 1 }))).toHaveLength(1);
    expect(pair.log.records.filter(({ event }) => event === "policy refused")).toEqual([]);
  });

  it("may be a link that is turned to another file", async () => {
    const place = tempDirectory();
    for (const [name, path] of [
      ["v1", sayHello],
      ["v2", sayManyHellos],
    ] as const) {
      writeFileSync(join(place, name), JSON.stringify(allowing(clientId, path)));
    }
    symlinkSync("v1", join(place, "policy.json"));
    const pair = await GreeterPair.start({ server: { policy: [], policyFile: join(place, "policy.json") } });
    await pair.client.sayHello({ name: "x" });
    const changed = nextChange(pair.server);
    symlinkSync("v2", join(place, "new"));
    renameSync(join(place, "new"), join(place, "policy.json"));
    await changed;
    expect(await failure(pair.client.sayHello({ name: "x" }))).toMatchObject({ status: Status.PERMISSION_DENIED });
  });

  it("is swapped whole: no call sees a mixture", async () => {
    // Each version allows both methods or neither; one that had half of it would allow exactly one.
    const both = allowing(clientId, sayHello, sayManyHellos);
    const neither = { ...both, deny_rules: [{ name: "closed" }] };
    const { file, pair } = await start(both);
    for (let round = 0; round < 20; round++) {
      file.write(round % 2 === 0 ? neither : both);
      const reloading = pair.server.reloadPolicy();
      const [one, other] = [sayHello, sayManyHellos].map((method) => pair.server.explain(clientId, method));
      expect((await one)?.allowed).toBe((await other)?.allowed);
      await reloading;
      expect((await pair.server.explain(clientId, sayHello)).allowed).toBe(round % 2 === 1);
    }
  });

  it("adds to code: any denial counts, any permission is enough", async () => {
    const file = new PolicyFiles({
      ...allowing(clientId, sayManyHellos),
      deny_rules: [{ name: "no-chat", request: { paths: ["*/Chat"] } }],
    });
    const { sayHello: hello, chat, collectHellos } = GreeterService.method;
    const pair = await GreeterPair.start({
      server: {
        policy: [allow(hello, clientId), allow(chat, clientId), deny(collectHellos, clientId)],
        policyFile: file.path,
      },
    });
    const allowed = async (method: string) =>
      (await pair.server.explain(clientId, `/hello.v1.GreeterService/${method}`)).reason;
    expect(await allowed("SayHello")).toBe("code: policy[0] allow(hello.v1.GreeterService/SayHello)");
    expect(await allowed("SayManyHellos")).toBe('file: allow_rules[0] "r"');
    expect(await allowed("Chat")).toBe('file: deny_rules[0] "no-chat"');
    expect(await allowed("CollectHellos")).toBe("code: policy[2] deny(hello.v1.GreeterService/CollectHellos)");
  });

  it("decides by headers, as they arrive over the wire", async () => {
    const { pair } = await start({
      name: "p",
      allow_rules: [{ name: "dev", request: { headers: [{ key: "dev-path", values: ["/dev/path/*"] }] } }],
      deny_rules: [{ name: "no-evil", request: { headers: [{ key: "x-evil", values: ["*"] }] } }],
    });
    const call = (metadata: Record<string, string>) => pair.client.sayHello({ name: "Ada" }, { metadata });
    expect((await call({ "dev-path": "/dev/path/a" })).greeting).toContain("Ada");
    expect(await failure(call({}))).toMatchObject({ status: Status.PERMISSION_DENIED });
    expect(await failure(call({ "dev-path": "/dev" }))).toMatchObject({ status: Status.PERMISSION_DENIED });
    expect(await failure(call({ "dev-path": "/dev/path/a", "x-evil": "1" }))).toMatchObject({
      status: Status.PERMISSION_DENIED,
    });
    expect(await pair.log.find(({ reason }) => String(reason).includes("no-evil"))).toMatchObject({
      code: "ERR_POLICY",
      reason: 'file: deny_rules[0] "no-evil"',
    });
  });
});

describe("a shadow rule", () => {
  it("changes nothing, and its records are limited", async () => {
    const { chat, sayHello: hello } = GreeterService.method;
    const pair = await GreeterPair.start({
      server: {
        policy: [allow(hello, clientId), shadow(deny(GreeterService, clientId)), shadow(allow(chat, clientId))],
      },
    });
    await Promise.all(Array.from({ length: 300 }, () => pair.client.sayHello({ name: "x" })));
    const records = pair.log.records.filter(({ event }) => event === "policy shadow");
    expect(records.length).toBeGreaterThan(0);
    expect(records.length).toBeLessThan(300);
    expect(records[0]).toMatchObject({
      level: "warn",
      peer: clientId,
      method: sayHello,
      decision: "allowed",
      wouldBe: "denied",
      rule: "code: policy[1] deny(hello.v1.GreeterService)",
    });
    // Denied as it is; the two shadow rules together would deny it, too.
    expect(await failure(pair.client.chat([]))).toMatchObject({ status: Status.PERMISSION_DENIED });
    expect(pair.log.records.some(({ wouldBe }) => wouldBe === "allowed")).toBe(false);
  });

  it("is no permission by itself", () => {
    const { serverCredentials: credentials } = new GreeterPair();
    const policy = [shadow(allow(GreeterService, clientId))] as const;
    expect(thrown(UsageError, () => createServer({ credentials, policy })).code).toBe("ERR_NO_POLICY");
  });
});

describe("the options of a policy", () => {
  const good = allow(GreeterService, clientId);
  const bad: [what: string, options: object, code: string, message: string][] = [
    ["none of them", { policy: undefined }, "ERR_NO_POLICY", "the policy allows nothing"],
    ["roles that nobody holds", { policy: [], roles: { admin: [] } }, "ERR_NO_POLICY", "the policy allows nothing"],
    ["a policy that is no list", { policy: {} }, "ERR_INVALID_OPTION", "policy must be a list of rules"],
    ["null for a rule", { policy: [null] }, "ERR_INVALID_OPTION", "policy[0] is no rule"],
    ["a list for a rule", { policy: [good, [good]] }, "ERR_INVALID_OPTION", "policy[1] is no rule"],
    [
      "a rule with a misspelt effect",
      { policy: [good, { ...good, effect: "Deny" }] },
      "ERR_INVALID_OPTION",
      "policy[1] is no rule; make it with allow(), deny() or shadow()",
    ],
    ["a rule for nobody", { policy: [{ ...good, principals: [] }] }, "ERR_INVALID_OPTION", "policy[0] is no rule"],
    [
      "a rule with a name for an ID",
      { policy: [{ ...good, principals: [clientId] }] },
      "ERR_INVALID_OPTION",
      "policy[0] is no rule",
    ],
    ["roles that are a list", { roles: [] }, "ERR_INVALID_OPTION", "roles must be an object"],
    ["a file without a name", { policyFile: "" }, "ERR_INVALID_OPTION", "policyFile must be the path of a file"],
  ];
  for (const [what, options, code, message] of bad) {
    it(`refuse ${what}`, () => {
      const error = thrown(UsageError, () => new GreeterPair({ server: options }));
      expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    });
  }

  it("find a mistake of the file's as ConfigError, with a hint", async () => {
    const file = new PolicyFiles({ name: "p", allow_rules: [] });
    const pair = new GreeterPair({ server: { policy: [], policyFile: file.path } });
    const error = await pair.server.listen(pair.target).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({
      problem: `${file.path}: allow_rules is empty, and neither code nor roles allow anything`,
      hint: expect.stringContaining("add a rule to allow_rules"),
    });
  });
});
