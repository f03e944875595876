import { describe, expect, it } from "vitest";
import { RetryInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import type { LimitOptions } from "../../src/interceptors/call-limits.js";
import { allow } from "../../src/interceptors/policy.js";
import { Status } from "../../src/status.js";
import { collect, failure, signalled } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";
import { withPolicy } from "../helpers/with-policy.js";

/** So slow that no test lives to see a second token. */
const perHour = 1 / 3_600;

const limited = /^too many calls, try again later \(reference [0-9a-f]{12}\)$/;

describe("the rate of calls", () => {
  it("is what the schema says, for that method alone", async () => {
    const service = withPolicy({ SayHello: { rateLimit: { perSecond: perHour, burst: 2 } } });
    const { client, log } = await GreeterPair.start({ service });
    await client.sayHello({ name: "1" });
    await client.sayHello({ name: "2" });
    const error = await failure(client.sayHello({ name: "3" }));
    expect(error).toMatchObject({ status: Status.RESOURCE_EXHAUSTED, code: "ERR_RPC_RESOURCE_EXHAUSTED" });
    expect(error.rawMessage).toMatch(limited);
    const [{ retryDelay } = {}] = error.findDetails(RetryInfoSchema);
    // One token takes an hour; the test has taken a little of it.
    expect(Number(retryDelay?.seconds)).toBeGreaterThan(3_500);
    expect(Number(retryDelay?.seconds)).toBeLessThanOrEqual(3_600);
    const reference = /reference (\w+)/.exec(error.rawMessage)?.[1];
    expect(await log.find((record) => record.reference === reference)).toMatchObject({
      code: "ERR_RATE_LIMITED",
      status: "RESOURCE_EXHAUSTED",
      peer: clientId,
      level: "info",
    });
    await client.collectHellos([]);
  });

  it("is what the server says, for all methods together and for each by itself", async () => {
    const each: LimitOptions = { callsPerSecondPerMethod: { perSecond: perHour, burst: 1 } };
    const apart = await GreeterPair.start({ server: { limits: each } });
    await apart.client.sayHello({ name: "x" });
    await apart.client.collectHellos([]);
    expect(await failure(apart.client.collectHellos([]))).toMatchObject({ rawMessage: expect.stringMatching(limited) });
    const all: LimitOptions = { callsPerSecond: { perSecond: perHour, burst: 1 } };
    const together = await GreeterPair.start({ server: { limits: all } });
    await together.client.sayHello({ name: "x" });
    for (const call of [together.client.collectHellos([]), together.client.sayManyHellos({ name: "x" })]) {
      expect(await failure(call)).toMatchObject({ rawMessage: expect.stringMatching(limited) });
    }
  });

  it("is also spent by calls that are denied, before anybody looks at the policy", async () => {
    const { client, log } = await GreeterPair.start({
      server: {
        policy: [allow(GreeterService.method.sayHello, clientId)],
        limits: { callsPerSecond: { perSecond: perHour, burst: 2 } },
      },
    });
    expect(await failure(client.collectHellos([]))).toMatchObject({ status: Status.PERMISSION_DENIED });
    expect(await failure(client.collectHellos([]))).toMatchObject({ status: Status.PERMISSION_DENIED });
    expect(await failure(client.collectHellos([]))).toMatchObject({ status: Status.RESOURCE_EXHAUSTED });
    expect(await failure(client.sayHello({ name: "x" }))).toMatchObject({ status: Status.RESOURCE_EXHAUSTED });
    expect(log.records.filter(({ code }) => code === "ERR_POLICY")).toHaveLength(2);
  });
});

describe("calls under way", () => {
  async function start(limits: LimitOptions = {}, service = GreeterService) {
    const proceed = signalled();
    let open = 0;
    const begun = signalled();
    const wait = async (signal?: AbortSignal) => {
      open += 1;
      if (open === 2) begun.resolve();
      // A handler that goes on after its call has ended keeps its place; test/interceptors/abandoned-calls.test.ts.
      const aborted = new Promise((resolve) => signal?.addEventListener("abort", resolve));
      await Promise.race([proceed.promise, aborted]);
    };
    const pair = await GreeterPair.start({
      service,
      server: { limits },
      implementation: {
        sayHello: async (_, { signal }) => {
          await wait(signal);
          return { greeting: "x" };
        },
        async *sayManyHellos() {
          await wait();
          yield { greeting: "x" };
        },
      },
    });
    return { pair, begun: begun.promise, proceed };
  }

  it("are counted for the identity, and given back when they end in whatever way", async () => {
    const { pair, begun, proceed } = await start({ maxConcurrentCalls: 2 });
    const cancel = new AbortController();
    const first = pair.client.sayHello({ name: "x" });
    const second = failure(pair.client.sayHello({ name: "x" }, { signal: cancel.signal }));
    await begun;
    // Another connection of the same identity is no way around it.
    const error = await failure(pair.newClient().collectHellos([]));
    expect(error).toMatchObject({
      status: Status.RESOURCE_EXHAUSTED,
      rawMessage: expect.stringMatching(/^too many calls under way \(reference [0-9a-f]{12}\)$/),
    });
    await pair.log.find(({ code }) => code === "ERR_TOO_MANY_CALLS");
    cancel.abort();
    await second;
    await pair.log.find(({ status }) => status === "CANCELLED");
    await pair.client.collectHellos([]);
    proceed.resolve();
    await first;
    await Promise.all([pair.client.sayHello({ name: "x" }), pair.client.sayHello({ name: "x" })]);
  });

  it("are counted for a method by itself when its schema says so", async () => {
    const service = withPolicy({ SayHello: { maxConcurrentCalls: 2 } });
    const { pair, begun, proceed } = await start(undefined, service);
    const calls = [pair.client.sayHello({ name: "x" }), pair.client.sayHello({ name: "x" })];
    await begun;
    expect(await failure(pair.client.sayHello({ name: "x" }))).toMatchObject({ status: Status.RESOURCE_EXHAUSTED });
    await pair.client.collectHellos([]);
    proceed.resolve();
    await Promise.all(calls);
  });

  it("are counted once more as streams, which leave room for short calls", async () => {
    const { pair, begun, proceed } = await start({ maxOpenStreams: 2 });
    const streams = [1, 2].map(() => collect(pair.client.sayManyHellos({ name: "x" })));
    await begun;
    for (const call of [pair.client.collectHellos([]), pair.client.chat([])]) {
      expect(await failure(call)).toMatchObject({ status: Status.RESOURCE_EXHAUSTED });
    }
    proceed.resolve();
    await pair.client.sayHello({ name: "x" });
    await Promise.all(streams);
    await pair.client.collectHellos([]);
  });
});

describe("the size of messages", () => {
  const service = withPolicy({ SayHello: { maxRequestBytes: 10, maxResponseBytes: 12 } });

  it("is refused by the client, which knows the schema, before anything is sent", async () => {
    let handled = 0;
    const { client, log } = await GreeterPair.start({
      service,
      implementation: {
        sayHello: ({ name }) => {
          handled += 1;
          return { greeting: name };
        },
      },
    });
    await client.sayHello({ name: "12345678" });
    expect(await failure(client.sayHello({ name: "123456789" }))).toMatchObject({
      code: "ERR_MESSAGE_TOO_LARGE",
      rawMessage: "the request has 11 bytes, the limit is 10 (of this method)",
    });
    expect(handled).toBe(1);
    expect(log.records.filter(({ level }) => level !== "debug")).toEqual([]);
  });

  it("is refused by the server before it is decoded, whatever its client thinks", async () => {
    const { client, log } = await GreeterPair.start({
      server: { limits: { methods: { "hello.v1.GreeterService/SayHello": { maxRequestBytes: 10 } } } },
    });
    expect(await failure(client.sayHello({ name: "123456789" }))).toMatchObject({
      status: Status.RESOURCE_EXHAUSTED,
      rawMessage: "the request has 11 bytes, the limit is 10 (of this method)",
    });
    await log.find(({ code }) => code === "ERR_MESSAGE_TOO_LARGE");
  });

  it("is refused in a stream at the first message that is too large", async () => {
    const seen: string[] = [];
    const { client } = await GreeterPair.start({
      server: { limits: { methods: { "hello.v1.GreeterService/Chat": { maxRequestBytes: 10 } } } },
      implementation: {
        async *chat(requests) {
          for await (const { name } of requests) {
            seen.push(name);
            yield { greeting: name };
          }
        },
      },
    });
    const names = ["12345678", "123456789", "1"].map((name) => ({ name }));
    expect(await failure(client.chat(names))).toMatchObject({ status: Status.RESOURCE_EXHAUSTED });
    expect(seen).toEqual(["12345678"]);
  });

  it("of responses is refused by the server, and by a client of one that does not", async () => {
    const implementation = { sayHello: () => ({ greeting: "12345678901" }) };
    const server = await GreeterPair.start({ service, implementation });
    expect(await failure(server.client.sayHello({ name: "x" }))).toMatchObject({
      status: Status.RESOURCE_EXHAUSTED,
      rawMessage: "the response has 13 bytes, the limit is 12 (of this method)",
    });
    const careless = await GreeterPair.start({ implementation });
    const { client } = new GreeterPair({
      service,
      client: { target: careless.target, credentials: careless.clientCredentials },
    });
    expect(await failure(client.sayHello({ name: "x" }))).toMatchObject({
      code: "ERR_MESSAGE_TOO_LARGE",
      rawMessage: "the response has 13 bytes, the limit is 12 (of this method)",
    });
  });

  it("of a method is never more than the one for all", async () => {
    const { client } = await GreeterPair.start({
      service: withPolicy({ SayHello: { maxRequestBytes: 1_000_000 } }),
      server: { maxMessageBytes: 100 },
    });
    expect(await failure(client.sayHello({ name: "x".repeat(200) }))).toMatchObject({
      status: Status.RESOURCE_EXHAUSTED,
      rawMessage: expect.stringContaining("maxMessageBytes"),
    });
  });
});
