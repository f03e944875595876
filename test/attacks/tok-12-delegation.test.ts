// TOK-12: what is handed on can only be narrower. The table of tokens that are not is in test/helpers/token-table.ts.
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { allow } from "../../src/interceptors/policy.js";
import { MutableSource } from "../../src/source.js";
import { type DelegateRequest, delegateToken } from "../../src/tokens/delegate-token.js";
import { inspectToken } from "../../src/tokens/inspect-token.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { clientId, serverId } from "../helpers/identities.js";
import { delegationCases } from "../helpers/token-table.js";
import { holderOf, issue, refusalCode, tempIssuer } from "../helpers/tokens.js";
import { withPolicy } from "../helpers/with-policy.js";

const service = withPolicy({ SayHello: { requiredScopes: ["greet"] }, SayManyHellos: { requiredScopes: ["wave"] } });
const ids = ["a", "b", "c", "d"].map((name) => `spiffe://local.test/${name}`) as [string, string, string, string];

async function start() {
  const { issuer } = await tempIssuer();
  const pair = await GreeterPair.start({
    service,
    server: { tokens: { issuers: issuer.publicFile }, policy: [allow(service, clientId, ...ids)] },
  });
  const { world } = pair;
  pair.serverCredentials.set(world.credentials(serverId, clientId, ...ids));
  const parent = await issue(issuer, world, { scopes: ["greet", "wave", "notes.v1.Notes/*"] });
  /** The holder `from` hands its token on. */
  const hand = (token: string, from: string, to: string, request: Partial<DelegateRequest> = {}) =>
    delegateToken(token, { key: world.leaf(from).key, holder: holderOf(world, to), scopes: ["greet"], ...request });
  const clientOf = (id: string, token: string) => {
    return pair.newClient({
      credentials: new MutableSource(world.credentials(id, serverId)),
      token,
    });
  };
  return { pair, parent, hand, clientOf };
}

describe("TOK-12: a token that was handed on", () => {
  it("is good for the next holder, three times in a row, and for what it names alone", async () => {
    const { pair, parent, hand, clientOf } = await start();
    const first = await hand(parent, clientId, ids[0], { scopes: ["greet"] });
    const second = await hand(first, ids[0], ids[1]);
    const third = await hand(second, ids[1], ids[2]);
    for (const [id, token] of [
      [ids[0], first],
      [ids[1], second],
      [ids[2], third],
    ] as const) {
      expect((await clientOf(id, token).sayHello({ name: "x" })).greeting).toContain(id);
    }
    expect((await failure(clientOf(ids[0], first).sayManyHellos({ name: "x", count: 1 }))).status).toBe(16);
    expect(await refusalCode(pair)).toBe("ERR_TOKEN_SCOPE");
    await expect(hand(third, ids[2], ids[3])).rejects.toThrow("the token was handed on 3 times already");
  });

  it("is good for nobody else, its maker included", async () => {
    const { pair, parent, hand, clientOf } = await start();
    const child = await hand(parent, clientId, ids[0]);
    expect((await failure(clientOf(clientId, child).sayHello({ name: "x" }))).status).toBe(16);
    expect((await failure(clientOf(ids[1], child).sayHello({ name: "x" }))).status).toBe(16);
    const codes = pair.log.records.filter(({ event }) => event === "call").map(({ code }) => code);
    expect(codes).toEqual(["ERR_TOKEN_HOLDER", "ERR_TOKEN_HOLDER"]);
  });

  it("ends with its parent at the latest", async () => {
    const { parent, hand } = await start();
    const child = await hand(parent, clientId, ids[0], { lifetimeMs: 86_400_000 });
    const [outer, inner] = inspectToken(child, new Date());
    expect(inner?.claims.exp).toBe(outer?.claims.exp);
  });

  it.each([
    ["a scope that the parent has not", { scopes: ["greet", "admin"] }, "the token does not grant admin itself"],
    [
      "all of a service of which the parent has one method",
      { scopes: ["hello.v1.GreeterService/*"] },
      "the token does not grant hello.v1.GreeterService/* itself",
    ],
    ["another key", { key: "another" }, "the token is bound to another key"],
    ["a time when the parent has ended", { now: () => Date.now() + 900_000 }, "the token has expired"],
  ])("is not made for %s", async (_, request, problem) => {
    const { pair, parent, hand } = await start();
    const key = pair.world.leaf("key" in request ? ids[0] : clientId).key;
    const refused = await hand(parent, clientId, ids[0], { ...request, key }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ConfigError);
    expect(refused).toMatchObject({ code: "ERR_TOKEN_DELEGATION", problem });
  });

  it("is refused when somebody made it wider, longer or for another server all the same", () => {
    const refused = delegationCases().filter(({ verdict }) => verdict === "ERR_TOKEN_DELEGATION");
    const names = refused.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["another scope", "a later end", "another server", "handed on four times"]),
    );
  });
});
