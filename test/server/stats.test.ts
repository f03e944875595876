import { describe, expect, it, onTestFinished } from "vitest";
import { createChannel } from "../../src/client/channel.js";
import { createClient } from "../../src/client/client.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { AdminService } from "../../src/gen/pinwire/admin/v1/admin_pb.js";
import { allow, deny } from "../../src/interceptors/policy.js";
import { Status } from "../../src/status.js";
import { AuditPlace } from "../helpers/audit-place.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair, testTransport } from "../helpers/greeter-pair.js";
import { clientId, serverId } from "../helpers/identities.js";
import { issue, tempIssuer } from "../helpers/tokens.js";
import { withPolicy } from "../helpers/with-policy.js";

const { chat } = GreeterService.method;

describe("the figures of a server", () => {
  it("say what clients did, by method and by peer", async () => {
    const pair = await GreeterPair.start({
      server: { policy: [allow(GreeterService, clientId), deny(chat, clientId)] },
    });
    for (let n = 0; n < 5; n++) await pair.client.sayHello({ name: "Ada" });
    for (let n = 0; n < 3; n++) {
      await failure(
        (async () => {
          for await (const _ of pair.client.chat([{ name: "Ada" }]));
        })(),
      );
    }
    const stats = pair.server.stats();
    expect(stats?.methods.find(({ method }) => method.endsWith("/SayHello"))).toMatchObject({
      calls: 5,
      byStatus: { OK: 5 },
      requestBytes: 25,
      latencyMs: { p50: expect.any(Number), max: expect.any(Number) },
    });
    expect(stats?.methods.find(({ method }) => method.endsWith("/Chat"))).toMatchObject({
      calls: 3,
      byStatus: { PERMISSION_DENIED: 3 },
    });
    expect(stats?.peers).toMatchObject([{ peer: clientId, connections: 1, refused: 3 }]);
    expect(stats?.refusedCalls).toMatchObject({ ERR_POLICY: 3 });
    expect(stats?.connections).toMatchObject({ open: 1, accepted: 1, refused: {} });
    expect(stats?.callsUnderWay).toBe(0);
    expect(stats?.certificateExpires).toBe(pair.serverCredentials.current().svid.notAfter.getTime());
  });

  it("have what OpenTelemetry would have: handshakes, tokens, the audit log, and how clients connected", async () => {
    const { issuer } = await tempIssuer();
    const place = new AuditPlace();
    const audit = await place.open();
    const service = withPolicy({ SayHello: { requiredScopes: ["greet"] } });
    const pair = await GreeterPair.start({
      service,
      server: { audit, auditLevel: "all", tokens: { issuers: issuer.publicFile } },
    });
    const { clientCredentials: credentials, target } = pair;
    const channel = createChannel({ credentials, target, peer: serverId, transports: [testTransport] });
    onTestFinished(() => channel.close());
    const client = createClient(service, channel, { timeoutMs: 10_000 });
    const metadata = { authorization: `Bearer ${await issue(issuer, pair.world)}` };
    for (let n = 0; n < 3; n++) await client.sayHello({ name: "Ada" }, { metadata });
    await failure(client.sayHello({ name: "Ada" }, { metadata: { authorization: "Bearer none" } }));
    expect(pair.server.stats()).toMatchObject({
      connections: { accepted: 1, handshakes: 1 },
      tokens: { OK: 1, ERR_TOKEN_MALFORMED: 1 },
      auditFailing: false,
      auditRecords: { written: audit.written, lost: 0 },
    });
    expect(audit.written).toBeGreaterThanOrEqual(6);
    expect(channel.stats().connects).toEqual({ OK: 1 });
    await pair.server.close();
    await audit.close();
    await failure(client.sayHello({ name: "Ada" }, { metadata }));
    expect(channel.stats().connects).toMatchObject({ OK: 1, ERR_NO_SOCKET: expect.any(Number) });
  });

  it("are not there before it listens", () => {
    expect(new GreeterPair().server.stats()).toBeUndefined();
  });
});

describe("the admin service", () => {
  const admin = ({ clientCredentials: credentials, target }: GreeterPair) => {
    const channel = createChannel({ credentials, target, peer: serverId, transports: [testTransport] });
    onTestFinished(() => channel.close());
    return createClient(AdminService, channel, { timeoutMs: 5_000 });
  };

  it("answers who holds the role admin, even where the policy in code allows nothing of it", async () => {
    const pair = await GreeterPair.start({ server: { admin: true, roles: { admin: [clientId] } } });
    await pair.client.sayHello({ name: "Ada" });
    const stats = await admin(pair).getStats({});
    expect(stats.methods.find(({ method }) => method.endsWith("/SayHello"))).toMatchObject({ calls: 1n });
    expect(stats.connections).toMatchObject({ open: expect.any(BigInt) });
  });

  it("refuses everybody else, also whom a rule allows it", async () => {
    const policy = [allow(GreeterService, clientId), allow(AdminService, clientId)] as const;
    const pair = await GreeterPair.start({ server: { admin: true, roles: { admin: [] }, policy } });
    expect((await failure(admin(pair).getStats({}))).status).toBe(Status.PERMISSION_DENIED);
  });

  it("is not there unless it was switched on", async () => {
    const pair = await GreeterPair.start({ server: { policy: [allow(AdminService, clientId)] } });
    expect((await failure(admin(pair).getStats({}))).status).toBe(Status.UNIMPLEMENTED);
  });

  it("needs somebody to hold the role", async () => {
    const pair = new GreeterPair({ server: { admin: true } });
    await expect(pair.server.listen(pair.target)).rejects.toMatchObject({ code: "ERR_ROLE_UNDEFINED" });
  });
});
