import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow, deny } from "../../src/interceptors/policy.js";
import { Status } from "../../src/status.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";
import { PolicyFiles } from "../helpers/policy-files.js";
import { withPolicy } from "../helpers/with-policy.js";

const otherId = "spiffe://local.test/other";
const service = withPolicy({ SayHello: { roles: ["admin", "user"] }, CollectHellos: { roles: ["admin"] } });
const sayHello = "/hello.v1.GreeterService/SayHello";
const denied = { status: Status.PERMISSION_DENIED };

describe("roles of the schema", () => {
  it("open a method to who holds one of them, and to nobody else, with nothing said in code", async () => {
    const pair = await GreeterPair.start({
      service,
      server: { policy: [], roles: { admin: [otherId], user: [clientId] } },
    });
    expect((await pair.client.sayHello({ name: "Ada" })).greeting).toContain("Ada");
    // Holds the one role, but this method wants the other.
    expect(await failure(pair.client.collectHellos([]))).toMatchObject(denied);
    // No role is named here, and nothing else allows it.
    expect(await failure(pair.client.chat([]))).toMatchObject(denied);
    const other = pair.strangerClient(otherId);
    expect((await other.collectHellos([{ name: "Bo" }])).greeting).toContain("Bo");
    expect(await pair.log.find(({ reason }) => String(reason).startsWith("schema"))).toMatchObject({
      code: "ERR_POLICY",
      reason: "schema: hello.v1.GreeterService/CollectHellos wants one of the roles admin",
    });
  });

  it("cannot be widened by code or file", async () => {
    const file = new PolicyFiles({ name: "open", allow_rules: [{ name: "everything" }] });
    const pair = await GreeterPair.start({
      service,
      server: {
        policy: [allow(service, clientId)],
        roles: { admin: [otherId], user: [otherId] },
        policyFile: file.path,
      },
    });
    expect(await failure(pair.client.sayHello({ name: "x" }))).toMatchObject(denied);
    expect(await failure(pair.client.collectHellos([]))).toMatchObject(denied);
    // A method without roles is for code and file to decide.
    for await (const { greeting } of pair.client.sayManyHellos({ name: "Ada", count: 1 })) {
      expect(greeting).toContain("Ada");
    }
  });

  it("can be narrowed by a denial", async () => {
    const pair = await GreeterPair.start({
      service,
      server: { policy: [deny(service.method.sayHello, clientId)], roles: { admin: [otherId], user: [clientId] } },
    });
    expect(await failure(pair.client.sayHello({ name: "x" }))).toMatchObject(denied);
    expect(await pair.server.explain(clientId, sayHello)).toMatchObject({
      allowed: false,
      reason: "code: policy[0] deny(hello.v1.GreeterService/SayHello)",
      roles: ["admin", "user"],
    });
  });

  it("are explained", async () => {
    const { server } = new GreeterPair({
      service,
      server: { policy: [], roles: { admin: [otherId, clientId], user: [clientId] } },
    });
    expect(await server.explain(clientId, service.method.sayHello)).toEqual({
      peer: clientId,
      method: sayHello,
      allowed: true,
      because: "rule",
      reason: "schema: role admin of hello.v1.GreeterService/SayHello",
      rule: { source: "schema", effect: "allow", name: "admin", place: "hello.v1.GreeterService/SayHello" },
      roles: ["admin", "user"],
    });
    expect(await server.explain("spiffe://local.test/nobody", sayHello)).toEqual({
      peer: "spiffe://local.test/nobody",
      method: sayHello,
      allowed: false,
      because: "no_role",
      reason: "schema: hello.v1.GreeterService/SayHello wants one of the roles admin, user",
      roles: ["admin", "user"],
    });
    expect(await server.explain(clientId, "SayHello")).toMatchObject({ allowed: false, because: "malformed_path" });
    await expect(server.explain("cli", sayHello)).rejects.toMatchObject({ code: "ERR_INVALID_SPIFFE_ID" });
  });

  it("that nobody defines keep the server from starting, with the place and the fix", async () => {
    const pair = new GreeterPair({ service, server: { roles: { user: [clientId] } } });
    const error = await pair.server.listen(pair.target).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({
      code: "ERR_ROLE_UNDEFINED",
      problem: 'the schema of hello.v1.GreeterService/SayHello wants the role "admin", which nobody defines',
      hint: 'say who holds it: createServer({ roles: { "admin": ["spiffe://…"] } }), or [] for nobody',
    });
  });

  it("that no schema names do, too: the misspelt one would protect nothing", async () => {
    const roles = { admin: [clientId], user: [clientId], usr: [clientId] };
    const pair = new GreeterPair({ service, server: { roles } });
    await expect(pair.server.listen(pair.target)).rejects.toMatchObject({
      code: "ERR_ROLE_UNUSED",
      problem: "roles.usr is defined, but the schema of no served method names it",
      hint: "the schemas name admin, user",
    });
    const plain = new GreeterPair({ server: { roles: { admin: [clientId] } } });
    await expect(plain.server.listen(plain.target)).rejects.toMatchObject({
      code: "ERR_ROLE_UNUSED",
      hint: "no schema names any role; use allow() or a policy file",
    });
  });

  it("may be held by nobody, if that is said", async () => {
    const pair = await GreeterPair.start({ service, server: { policy: [], roles: { admin: [], user: [clientId] } } });
    await pair.client.sayHello({ name: "x" });
    expect(await failure(pair.client.collectHellos([]))).toMatchObject(denied);
  });

  const bad: [what: string, roles: object, code: string][] = [
    ["a holder that is no SPIFFE ID", { admin: ["cli"], user: [] }, "ERR_INVALID_SPIFFE_ID"],
    ["a holder with a star", { admin: ["spiffe://local.test/*"], user: [] }, "ERR_INVALID_SPIFFE_ID"],
    ["a holder where a list belongs", { admin: clientId, user: [] }, "ERR_INVALID_OPTION"],
  ];
  for (const [what, roles, code] of bad) {
    it(`refuse ${what}`, async () => {
      const pair = new GreeterPair({ service, server: { roles: roles as never } });
      await expect(pair.server.listen(pair.target)).rejects.toMatchObject({ code });
    });
  }

  it("do not name what an unknown method of the service would need", async () => {
    const pair = await GreeterPair.start({
      service,
      server: { policy: [], roles: { admin: [clientId], user: [clientId] } },
    });
    expect(await pair.server.explain(clientId, `/${GreeterService.typeName}/Nope`)).toMatchObject({
      allowed: false,
      because: "no_rule",
    });
  });
});
