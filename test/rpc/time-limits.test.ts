import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { allow } from "../../src/interceptors/policy.js";
import { grantedTimeoutMs, timeLimits } from "../../src/rpc/time-limits.js";
import { createServer } from "../../src/server/server.js";
import { Status } from "../../src/status.js";
import { GreeterPair, greeter } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";
import { framed, RawH2Client } from "../helpers/raw-h2-client.js";
import { type CallPolicyInit, withPolicy } from "../helpers/with-policy.js";

const seed = Number(process.env.PINWIRE_SEED ?? Date.now());

describe("the time a server grants", () => {
  const ms = fc.integer({ min: 1, max: 2 ** 31 - 1 });
  const cases = fc.record({
    requested: fc.oneof(fc.double(), ms, fc.constant(undefined)),
    server: fc.record({ maxTimeoutMs: ms, isChosen: fc.boolean() }),
    schema: fc.option(
      fc.record({
        defaultTimeoutMs: fc.option(ms, { nil: undefined }),
        maxTimeoutMs: fc.option(ms, { nil: undefined }),
      }),
      { nil: undefined },
    ),
  });

  it("is never negative, never infinite, and never over any bound", () => {
    fc.assert(
      fc.property(cases, ({ requested, server, schema }) => {
        const limits = timeLimits(server, schema);
        const granted = grantedTimeoutMs(requested, limits);
        expect(Number.isFinite(granted)).toBe(true);
        expect(granted).toBeGreaterThanOrEqual(0);
        expect(granted).toBeLessThanOrEqual(limits.maxTimeoutMs);
        expect(limits.defaultTimeoutMs).toBeLessThanOrEqual(limits.maxTimeoutMs);
        if (server.isChosen) expect(granted).toBeLessThanOrEqual(server.maxTimeoutMs);
        if (schema?.maxTimeoutMs !== undefined) expect(granted).toBeLessThanOrEqual(schema.maxTimeoutMs);
        if (requested !== undefined && requested > 0) expect(granted).toBeLessThanOrEqual(requested);
        if (requested !== undefined && !(requested > 0)) expect(granted).toBe(0);
      }),
      { seed, numRuns: 1_000 },
    );
  });

  it("is the schema's where nobody chose one for the server", () => {
    const schema = { defaultTimeoutMs: 1_000, maxTimeoutMs: 300_000 };
    expect(timeLimits({ maxTimeoutMs: 60_000, isChosen: false }, schema)).toEqual(schema);
    expect(timeLimits({ maxTimeoutMs: 500, isChosen: true }, schema)).toEqual({
      defaultTimeoutMs: 500,
      maxTimeoutMs: 500,
    });
    const nothing = { defaultTimeoutMs: undefined, maxTimeoutMs: undefined };
    expect(timeLimits({ maxTimeoutMs: 60_000, isChosen: false }, nothing)).toEqual({
      defaultTimeoutMs: 60_000,
      maxTimeoutMs: 60_000,
    });
  });
});

/** A server and a client of a greeter whose schema says something about time; what its handler had left, by call. */
async function timedPair(policies: Record<string, CallPolicyInit>, options: { maxTimeoutMs?: number } = {}) {
  const service = withPolicy(policies);
  const pair = new GreeterPair();
  const remaining: number[] = [];
  const server = createServer({
    credentials: pair.serverCredentials,
    policy: [allow(service, clientId)],
    logger: pair.log,
    ...options,
  });
  server.service(service, {
    ...greeter,
    sayHello: (_, context) => {
      remaining.push(context.remainingMs());
      return {};
    },
  });
  await server.listen(pair.target);
  onTestFinished(() => server.close());
  const client = pair.clientOf(service, { timeoutMs: 30_000 });
  return { pair, client, remaining };
}

const seconds = (value: number) => ({ seconds: BigInt(value) });

describe("the times of a schema", () => {
  it("hold on the client: the default for calls that name none, the largest for those that do", async () => {
    const { client, remaining } = await timedPair({
      SayHello: { defaultTimeout: seconds(5), maxTimeout: seconds(10) },
    });
    await client.sayHello({ name: "x" });
    await client.sayHello({ name: "x" }, { timeoutMs: 2_000 });
    await client.sayHello({ name: "x" }, { timeoutMs: 25_000 });
    expect(remaining.map((ms) => Math.ceil(ms / 1_000))).toEqual([5, 2, 10]);
  });

  it("hold at the server, whatever the client knows of them", async () => {
    const { pair, remaining } = await timedPair({
      SayHello: { defaultTimeout: seconds(5), maxTimeout: seconds(100) },
    });
    const raw = await RawH2Client.of(pair);
    const path = "/hello.v1.GreeterService/SayHello";
    for (const headers of [{}, { "grpc-timeout": "90S" }, { "grpc-timeout": "99999999H" }]) {
      const answer = await raw.call({ ":path": path, ...headers }, framed(Buffer.alloc(0)));
      expect(answer.status).toBe(Status.OK);
    }
    expect(remaining.map((ms) => Math.ceil(ms / 1_000))).toEqual([5, 90, 100]);
  });

  it("never exceed what was chosen for the server", async () => {
    const { client, remaining } = await timedPair({ SayHello: { maxTimeout: seconds(20) } }, { maxTimeoutMs: 3_000 });
    await client.sayHello({ name: "x" }, { timeoutMs: 15_000 });
    expect(remaining.map((ms) => Math.ceil(ms / 1_000))).toEqual([3]);
  });

  it("and of a service config: the shorter holds", async () => {
    const service = "hello.v1.GreeterService";
    let remaining = 0;
    const { client } = await GreeterPair.start({
      client: { serviceConfig: { methodConfig: [{ name: [{ service }], timeoutMs: 4_000 }] } },
      implementation: {
        sayHello: (_, context) => {
          remaining = context.remainingMs();
          return {};
        },
      },
    });
    await client.sayHello({ name: "x" });
    expect(Math.ceil(remaining / 1_000)).toBe(4);
    await client.sayHello({ name: "x" }, { timeoutMs: 9_000 });
    expect(Math.ceil(remaining / 1_000)).toBe(4);
    await client.sayHello({ name: "x" }, { timeoutMs: 1_000 });
    expect(Math.ceil(remaining / 1_000)).toBe(1);
  });
});
