import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RetryPolicy } from "../../src/client/service-config.js";
import { ConfigError, RpcError, UsageError } from "../../src/errors.js";
import type { Metadata } from "../../src/rpc/metadata.js";
import { createServer } from "../../src/server/server.js";
import { Status } from "../../src/status.js";
import { revokeTokens } from "../../src/tokens/revoke-tokens.js";
import { TokenIssuer } from "../../src/tokens/token-issuer.js";
import type { TokenOptions } from "../../src/tokens/token-options.js";
import { collect, failure } from "../helpers/collect.js";
import { GreeterPair, type PairOptions } from "../helpers/greeter-pair.js";
import { clientId, serverId } from "../helpers/identities.js";
import { tempDirectory } from "../helpers/temp-directory.js";
import { holderOf, issue, refusalCode, tempIssuer } from "../helpers/tokens.js";
import { withPolicy } from "../helpers/with-policy.js";

const service = withPolicy({
  SayHello: { requiredScopes: ["greet"] },
  SayManyHellos: { requiredScopes: ["greet", "many"] },
  CollectHellos: { requiredScopes: ["hello.v1.GreeterService/CollectHellos"] },
});

async function start(tokens: Partial<TokenOptions> = {}, options: PairOptions = {}) {
  const { issuer, directory } = await tempIssuer();
  const server = { ...options.server, tokens: { issuers: issuer.publicFile, ...tokens } };
  const pair = await GreeterPair.start({ service, ...options, server });
  const bearer = async (request: Parameters<typeof issue>[2] = {}) => ({
    metadata: { authorization: `Bearer ${await issue(issuer, pair.world, request)}` },
  });
  return { issuer, directory, pair, client: pair.client, bearer };
}

describe("a server with tokens", () => {
  it("wants each of the required scopes, in all kinds of method", async () => {
    const { pair, client, bearer } = await start();
    const all = await bearer({ scopes: ["greet", "many", "hello.v1.GreeterService/*"] });
    await client.sayHello({ name: "x" }, all);
    expect(await collect(client.sayManyHellos({ name: "x", count: 2 }, all))).toHaveLength(2);
    expect((await client.collectHellos([{ name: "x" }], all)).count).toBe(1);
    const greet = await bearer();
    await client.sayHello({ name: "x" }, greet);
    expect((await failure(client.sayManyHellos({ name: "x", count: 1 }, greet))).status).toBe(Status.UNAUTHENTICATED);
    expect(await refusalCode(pair)).toBe("ERR_TOKEN_SCOPE");
    const { reason } = await pair.log.find(({ code }) => code === "ERR_TOKEN_SCOPE");
    expect(reason).toBe("the token does not grant many");
    expect((await failure(client.collectHellos([{ name: "x" }], greet))).status).toBe(Status.UNAUTHENTICATED);
  });

  it("does not look at tokens for a method that wants none", async () => {
    const { client, bearer } = await start();
    expect(await collect(client.chat([{ name: "x" }]))).toHaveLength(1);
    expect(
      await collect(client.chat([{ name: "x" }], { metadata: { authorization: "Bearer nonsense" } })),
    ).toHaveLength(1);
    expect(await collect(client.chat([{ name: "x" }], await bearer({ audience: clientId })))).toHaveLength(1);
  });

  it("keeps the token from the handler and out of the log", async () => {
    let seen: Metadata | undefined;
    const { pair, issuer } = await start(
      {},
      {
        implementation: {
          sayHello: (_, { requestMetadata }) => {
            seen = requestMetadata;
            return { greeting: "" };
          },
        },
      },
    );
    const token = await issue(issuer, pair.world);
    const metadata = { authorization: `Bearer ${token}`, other: "x" };
    await pair.client.sayHello({ name: "x" }, { metadata });
    await failure(
      pair.client.sayHello({ name: "x" }, { metadata: { ...metadata, authorization: `Bearer ${token}x` } }),
    );
    expect([...(seen ?? [])].map(([key]) => key)).toEqual(["other"]);
    const log = JSON.stringify(pair.log.records);
    for (const part of token.split(".")) expect(log).not.toContain(part);
  });

  it("asks the rules first: who is not allowed hears nothing of tokens", async () => {
    const { pair } = await start();
    const stranger = pair.strangerClient("spiffe://local.test/stranger");
    expect((await failure(stranger.sayHello({ name: "x" }))).status).toBe(Status.PERMISSION_DENIED);
  });

  it("runs no handler and reads no request without a token", async () => {
    let ran = false;
    const { client } = await start(
      {},
      {
        implementation: {
          sayHello: () => {
            ran = true;
            return { greeting: "" };
          },
        },
      },
    );
    expect((await failure(client.sayHello({ name: "x" }))).status).toBe(Status.UNAUTHENTICATED);
    expect(ran).toBe(false);
  });
});

describe("what a server believes", () => {
  it("can be revoked, by token and by holder, at once, on a connection on which it was good", async () => {
    const revoked = join(tempDirectory(), "revoked.json");
    await revokeTokens(revoked, {});
    const { pair, client, issuer } = await start({ revoked });
    const { token, claims } = await issuer.issue({
      holder: holderOf(pair.world),
      audience: serverId,
      scopes: ["greet"],
    });
    const other = { metadata: { authorization: `Bearer ${await issue(issuer, pair.world)}` } };
    const options = { metadata: { authorization: `Bearer ${token}` } };
    await client.sayHello({ name: "x" }, options);
    await client.sayHello({ name: "x" }, other);
    await revokeTokens(revoked, { tokens: [claims.jti] });
    await pair.log.find(({ event }) => event === "tokens changed");
    expect((await failure(client.sayHello({ name: "x" }, options))).status).toBe(Status.UNAUTHENTICATED);
    expect(await refusalCode(pair)).toBe("ERR_TOKEN_REVOKED");
    await client.sayHello({ name: "x" }, other);
    pair.log.records.length = 0;
    await revokeTokens(revoked, { subjects: [clientId] });
    await pair.log.find(({ event }) => event === "tokens changed");
    expect((await failure(client.sayHello({ name: "x" }, other))).status).toBe(Status.UNAUTHENTICATED);
    expect(await refusalCode(pair)).toBe("ERR_TOKEN_REVOKED");
  });

  it("stays as it was when the new file is bad or gone, and the log says so", async () => {
    const revoked = join(tempDirectory(), "revoked.json");
    await revokeTokens(revoked, {});
    const { pair, client, issuer } = await start({ revoked });
    const { token, claims } = await issuer.issue({
      holder: holderOf(pair.world),
      audience: serverId,
      scopes: ["greet"],
    });
    const options = { metadata: { authorization: `Bearer ${token}` } };
    await revokeTokens(revoked, { tokens: [claims.jti] });
    await pair.log.find(({ event }) => event === "tokens changed");
    writeFileSync(revoked, "{}");
    expect(
      await pair.log.find(({ event, code }) => event === "tokens refused" && code === "ERR_FILE_MALFORMED"),
    ).toMatchObject({
      level: "error",
      file: revoked,
    });
    rmSync(revoked);
    await pair.log.find(({ event, code }) => event === "tokens refused" && code === "ERR_FILE_MISSING");
    expect((await failure(client.sayHello({ name: "x" }, options))).status).toBe(Status.UNAUTHENTICATED);
    expect(await refusalCode(pair)).toBe("ERR_TOKEN_REVOKED");
  });

  it("outlives a rotation of the issuer's keys, but not one that forgets them", async () => {
    const { pair, client, issuer, bearer } = await start();
    const before = await bearer();
    await client.sayHello({ name: "x" }, before);
    await issuer.rotate();
    // The next key was known all along: no need to wait for the new file.
    const after = await bearer();
    await client.sayHello({ name: "x" }, after);
    await pair.log.find(({ event }) => event === "tokens changed");
    await client.sayHello({ name: "x" }, before);
    await client.sayHello({ name: "x" }, after);
    pair.log.records.length = 0;
    await issuer.rotate({ forget: true });
    await pair.log.find(({ event }) => event === "tokens changed");
    expect((await failure(client.sayHello({ name: "x" }, after))).status).toBe(Status.UNAUTHENTICATED);
    expect(await refusalCode(pair)).toBe("ERR_TOKEN_UNKNOWN_ISSUER");
    await client.sayHello({ name: "x" }, await bearer());
  });

  it("may be several issuers", async () => {
    const second = join(tempDirectory(), "second");
    const { issuer } = await TokenIssuer.ensure(second, "spiffe://local.test/second");
    const first = await tempIssuer();
    const pair = await GreeterPair.start({
      service,
      server: { tokens: { issuers: [first.issuer.publicFile, issuer.publicFile] } },
    });
    for (const from of [first.issuer, issuer]) {
      await pair.newClient({ token: await issue(from, pair.world) }).sayHello({ name: "x" });
    }
  });
});

describe("a server does not start", () => {
  const startError = (tokens: unknown) =>
    Promise.resolve()
      .then(() => GreeterPair.start({ service, server: { tokens } as never }))
      .then(
        () => new Error("it started"),
        (error: unknown) => error as Error,
      );

  it("when its schema has scopes and it cannot judge tokens", async () => {
    const error = await startError(undefined);
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({
      code: "ERR_NO_TOKENS",
      message:
        'hello.v1.GreeterService/SayHello has required_scopes, so createServer() needs tokens: { issuers: "…/issuers.json" }',
    });
  });

  it.each([
    [{}, "tokens needs issuers: the path of an issuers.json, or a list of such paths"],
    [{ issuers: [] }, "tokens needs issuers: the path of an issuers.json, or a list of such paths"],
    [{ issuers: "" }, "tokens needs issuers: the path of an issuers.json, or a list of such paths"],
    [{ issuers: "x", revoked: 7 }, "tokens needs a path for revoked, or nothing"],
    [{ issuers: "x", replay: "" }, "tokens needs a path for replay, or nothing"],
    [{ issuers: "x", replayEntries: 0 }, "tokens.replayEntries must be between 1 and 9007199254740991, not 0"],
    [{ issuers: "x", revoke: "y" }, 'tokens has no option "revoke"; it knows issuers, revoked, replay, replayEntries'],
    ["issuers.json", "tokens must be { issuers: FILE }"],
  ])("with tokens: %j", async (tokens, message) => {
    expect(await startError(tokens)).toMatchObject({ code: "ERR_INVALID_OPTION", message });
  });

  it("when a file that it was told of is not there, is bad, or can be changed by others", async () => {
    const { issuer, directory } = await tempIssuer();
    const place = tempDirectory();
    const file = (name: string, text: string, mode = 0o644) => {
      writeFileSync(join(place, name), text, { mode });
      return join(place, name);
    };
    const issuers = issuer.publicFile;
    const codes = await Promise.all(
      [
        { issuers: join(place, "none.json") },
        { issuers, revoked: join(place, "none.json") },
        { issuers: file("bad.json", "{}") },
        { issuers, revoked: file("bad-too.json", '{"version":1,"tokens":{"a":1,"a":2},"subjects":{}}') },
        { issuers: [issuers, issuers] },
        { issuers, replay: join(directory, "issuers.json") },
        { issuers: "/tmp/issuers.json" },
      ].map(async (tokens) => {
        const error = await startError(tokens);
        expect(error).toBeInstanceOf(ConfigError);
        return (error as ConfigError).code;
      }),
    );
    expect(codes).toEqual([
      ...["ERR_FILE_MISSING", "ERR_FILE_MISSING", "ERR_FILE_MALFORMED", "ERR_FILE_MALFORMED", "ERR_FILE_MALFORMED"],
      ...["ERR_FILE_NOT_PRIVATE", "ERR_DIRECTORY_NOT_PRIVATE"],
    ]);
  });

  it("and can be asked again when the file is there", async () => {
    const { issuer } = await tempIssuer();
    const revoked = join(tempDirectory(), "revoked.json");
    const pair = new GreeterPair({ service, server: { tokens: { issuers: issuer.publicFile, revoked } } });
    await expect(pair.server.listen(pair.target)).rejects.toMatchObject({ code: "ERR_FILE_MISSING" });
    await revokeTokens(revoked, {});
    await pair.server.listen(pair.target);
    await pair.newClient({ token: await issue(issuer, pair.world) }).sayHello({ name: "x" });
  });
});

describe("a single-use token", () => {
  const once = withPolicy({ SayHello: { requiredScopes: ["greet"] } });

  it("is good for one call", async () => {
    const { pair, client, bearer } = await start({ replay: join(tempDirectory(), "uses") }, { service: once });
    const options = await bearer({ once: true });
    await client.sayHello({ name: "x" }, options);
    expect((await failure(client.sayHello({ name: "x" }, options))).status).toBe(Status.UNAUTHENTICATED);
    expect(await refusalCode(pair)).toBe("ERR_TOKEN_REPLAYED");
  });

  it("is good for one of many calls at the same moment, on several connections", async () => {
    const { pair, bearer } = await start({ replay: join(tempDirectory(), "uses") }, { service: once });
    const options = await bearer({ once: true });
    const clients = [pair.newClient(), pair.newClient(), pair.newClient()];
    const calls = Array.from({ length: 30 }, (_, i) => clients[i % 3]?.sayHello({ name: "x" }, options));
    const results = await Promise.allSettled(calls);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(results.every((r) => r.status === "fulfilled" || r.reason instanceof RpcError)).toBe(true);
  });

  it("is not used up by a call that is refused for another reason", async () => {
    const { client, bearer } = await start({ replay: join(tempDirectory(), "uses") });
    const options = await bearer({ once: true });
    expect((await failure(client.sayManyHellos({ name: "x", count: 1 }, options))).status).toBe(Status.UNAUTHENTICATED);
    await client.sayHello({ name: "x" }, options);
  });

  it("is refused by a server that keeps no record of uses, which says why once", async () => {
    const { pair, client, bearer } = await start({}, { service: once });
    for (let i = 0; i < 3; i++) {
      expect((await failure(client.sayHello({ name: "x" }, await bearer({ once: true })))).status).toBe(16);
    }
    expect(await refusalCode(pair)).toBe("ERR_TOKEN_REPLAY_CACHE");
    expect(pair.log.records.filter(({ event }) => event === "token replay cache")).toEqual([
      {
        level: "error",
        event: "token replay cache",
        code: "ERR_TOKEN_REPLAY_CACHE",
        reason: "the server has no replay option",
      },
    ]);
  });

  it("is good for the retries of its call, and then for nothing else", async () => {
    let failures = 2;
    const ids: unknown[] = [];
    const implementation: PairOptions["implementation"] = {
      sayHello: ({ name }, { requestMetadata }) => {
        ids.push(requestMetadata.get("pinwire-call-id"));
        if (failures-- > 0) throw new RpcError(Status.UNAVAILABLE, "not now");
        return { greeting: name };
      },
    };
    const { pair, issuer } = await start({ replay: join(tempDirectory(), "uses") }, { service: once, implementation });
    const retryPolicy: RetryPolicy = {
      ...{ maxAttempts: 4, initialBackoffMs: 1, maxBackoffMs: 2, backoffMultiplier: 2 },
      retryableStatusCodes: ["UNAVAILABLE"],
    };
    const name = [{ service: "hello.v1.GreeterService", method: "SayHello" }] as const;
    const token = await issue(issuer, pair.world, { once: true });
    const client = pair.newClient({ token, serviceConfig: { methodConfig: [{ name, retryPolicy }] } });
    expect((await client.sayHello({ name: "x" })).greeting).toBe("x");
    expect(ids).toHaveLength(3);
    expect(new Set(ids)).toEqual(new Set([expect.stringMatching(/^[\w-]{22}$/)]));
    expect((await failure(client.sayHello({ name: "x" }))).status).toBe(Status.UNAUTHENTICATED);
    expect(ids).toHaveLength(3);
  });

  it("runs the handler of a method that cannot be repeated once, whatever call id comes with it", async () => {
    let runs = 0;
    const implementation: PairOptions["implementation"] = {
      collectHellos: async () => {
        runs++;
        throw new RpcError(Status.UNAVAILABLE, "not now");
      },
    };
    const { client, bearer } = await start({ replay: join(tempDirectory(), "uses") }, { implementation });
    const { metadata } = await bearer({ once: true, scopes: ["hello.v1.GreeterService/*"] });
    const options = { metadata: { ...metadata, "pinwire-call-id": "0123456789abcdef" } };
    expect((await failure(client.collectHellos([], options))).status).toBe(Status.UNAVAILABLE);
    expect((await failure(client.collectHellos([], options))).status).toBe(Status.UNAUTHENTICATED);
    expect(runs).toBe(1);
  });

  it("of a source goes to one call each", async () => {
    const { pair, issuer } = await start({ replay: join(tempDirectory(), "uses") }, { service: once });
    const { tokenSource } = await import("../../src/tokens/token-source.js");
    const token = tokenSource({ issue: () => issue(issuer, pair.world, { once: true }) });
    const client = pair.newClient({ token });
    await Promise.all(Array.from({ length: 8 }, () => client.sayHello({ name: "x" })));
  });
});

it("the token option is checked when a server is made, not when it listens", () => {
  const { server: _, ...pair } = new GreeterPair();
  const make = () => createServer({ credentials: pair.serverCredentials, policyFile: "x", tokens: {} as never });
  expect(make).toThrow("tokens needs issuers");
});
