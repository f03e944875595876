// TOK-16, where tokens are concerned: they are asked for after rates and rules, before anything is decoded; a refusal is in
// the audit log, costs nothing that lasts, and tells nobody why.
import { describe, expect, it } from "vitest";
import { allow } from "../../src/interceptors/policy.js";
import { Status } from "../../src/status.js";
import { AuditPlace } from "../helpers/audit-place.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair, type PairOptions } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";
import { framed, RawH2Client } from "../helpers/raw-h2-client.js";
import { issue, tempIssuer } from "../helpers/tokens.js";
import { withPolicy } from "../helpers/with-policy.js";

const service = withPolicy({
  SayHello: { requiredScopes: ["greet"] },
  CollectHellos: { requiredScopes: ["collect"], rateLimit: { perSecond: 0.001, burst: 1 } },
});

async function start(server: PairOptions["server"] = {}) {
  const { issuer } = await tempIssuer();
  const pair = await GreeterPair.start({ service, server: { ...server, tokens: { issuers: issuer.publicFile } } });
  return { pair, issuer };
}

describe("TOK-16: a token that is required", () => {
  it("is asked for after the rate, which a call without one uses up like any other", async () => {
    const { pair } = await start();
    const statuses = [];
    for (let i = 0; i < 2; i++) statuses.push((await failure(pair.client.collectHellos([]))).status);
    expect(statuses).toEqual([Status.UNAUTHENTICATED, Status.RESOURCE_EXHAUSTED]);
  });

  it("is asked for after the rules, so that who may not call does not learn that one is wanted", async () => {
    const { pair } = await start({ policy: [allow(service.method.chat, clientId)] });
    const wanted = await failure(pair.client.sayHello({ name: "x" }));
    const not = await failure(pair.client.sayManyHellos({ name: "x", count: 1 }));
    const text = (message: string) => message.replace(/[0-9a-f]{12}/, "…");
    expect(wanted.status).toBe(Status.PERMISSION_DENIED);
    expect(text(wanted.message)).toBe(text(not.message));
  });

  it("is asked for before a byte of the request is decoded", async () => {
    const { pair, issuer } = await start();
    const client = await RawH2Client.of(pair);
    const call = (headers: object) =>
      client.call({ ":path": "/hello.v1.GreeterService/SayHello", ...headers }, framed(Buffer.from([0xff, 0xff])));
    expect((await call({})).status).toBe(Status.UNAUTHENTICATED);
    const authorization = `Bearer ${await issue(issuer, pair.world)}`;
    expect((await call({ authorization })).status).toBe(Status.INVALID_ARGUMENT);
  });

  it("leaves a record of the refusal, with its reason, in the audit log", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    const { pair, issuer } = await start({ audit: log });
    await failure(pair.client.sayHello({ name: "x" }));
    const token = await issue(issuer, pair.world, { scopes: ["other"] });
    await failure(pair.newClient({ token }).sayHello({ name: "x" }));
    await pair.server.close();
    await log.close();
    expect(await place.verify()).toMatchObject({ ok: true });
    const refusals = place.records.filter(({ status }) => status === "UNAUTHENTICATED");
    expect(refusals.map(({ code, peer }) => [code, peer])).toEqual([
      ["ERR_TOKEN_MISSING", clientId],
      ["ERR_TOKEN_SCOPE", clientId],
    ]);
    for (const part of token.split(".")) expect(JSON.stringify(place.records)).not.toContain(part);
  });
});
