// REL-03: what fails for a while is tried again with growing, random waits; what must not be repeated never is.
import { describe, expect, it } from "vitest";
import type { RetryPolicy } from "../../src/client/service-config.js";
import { RpcError } from "../../src/errors.js";
import { RetryInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";
import type { HandlerContext } from "../../src/rpc/call-context.js";
import { errorDetail } from "../../src/rpc/error-detail.js";
import { Status, statusName } from "../../src/status.js";
import { collect, failure } from "../helpers/collect.js";
import { type Greeter, GreeterPair } from "../helpers/greeter-pair.js";

const policy: RetryPolicy = {
  maxAttempts: 4,
  initialBackoffMs: 1,
  maxBackoffMs: 4,
  backoffMultiplier: 2,
  retryableStatusCodes: ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "INTERNAL"],
};
const service = "hello.v1.GreeterService";
const retried = {
  serviceConfig: {
    methodConfig: [
      {
        name: [
          { service, method: "SayHello" },
          { service, method: "SayManyHellos" },
        ] as const,
        retryPolicy: policy,
      },
    ],
  },
};

/** A handler that fails so often and then answers, and what its calls brought along. */
function failing(times: number, status: Exclude<Status, 0> = Status.UNAVAILABLE, options = {}) {
  const previous: (string | undefined)[] = [];
  const begin = ({ requestMetadata }: HandlerContext) => {
    previous.push(requestMetadata.get("grpc-previous-rpc-attempts"));
    if (previous.length <= times) throw new RpcError(status, `failure ${previous.length}`, options);
  };
  const implementation: Partial<Greeter> = {
    sayHello: ({ name }, context) => {
      begin(context);
      return { greeting: name };
    },
  };
  return { begin, previous, implementation };
}

describe("REL-03: retries", () => {
  it("UNAVAILABLE twice, then a response: the third attempt is the answer, and each says which it is", async () => {
    const { previous, implementation } = failing(2);
    const { client } = await GreeterPair.start({
      client: retried,
      implementation,
    });
    expect((await client.sayHello({ name: "Ada" })).greeting).toBe("Ada");
    expect(previous).toEqual([undefined, "1", "2"]);
  });

  it("without any config too, because the schema says that the method may be repeated", async () => {
    const { begin, previous } = failing(2);
    const { client } = await GreeterPair.start({
      implementation: {
        async *sayManyHellos({ name }, context) {
          begin(context);
          yield { greeting: name };
        },
      },
    });
    expect((await collect(client.sayManyHellos({ name: "Ada" }))).map(({ greeting }) => greeting)).toEqual(["Ada"]);
    expect(previous).toHaveLength(3);
  });

  it("at most maxAttempts; the error says how many, and is the last one", async () => {
    const { previous, implementation } = failing(100);
    const { client } = await GreeterPair.start({
      client: retried,
      implementation,
    });
    const error = await failure(client.sayHello({ name: "x" }));
    expect(error).toMatchObject({ status: Status.UNAVAILABLE, attempts: 4, notRetried: "attempts" });
    expect(error.rawMessage).toBe("failure 4");
    expect(previous).toHaveLength(4);
  });

  it("never of a method whose schema does not say that it may be repeated", async () => {
    let handled = 0;
    const { client } = await GreeterPair.start({
      implementation: {
        collectHellos: async (requests) => {
          await collect(requests);
          handled += 1;
          throw new RpcError(Status.UNAVAILABLE, "try later");
        },
      },
    });
    const error = await failure(client.collectHellos([{ name: "x" }]));
    expect(error).toMatchObject({ status: Status.UNAVAILABLE, attempts: 1, notRetried: undefined });
    expect(handled).toBe(1);
  });

  for (const status of [Status.DEADLINE_EXCEEDED, Status.PERMISSION_DENIED, Status.UNAUTHENTICATED, Status.CANCELLED]) {
    it(`never after ${statusName(status)}`, async () => {
      const { previous, implementation } = failing(100, status);
      const { client } = await GreeterPair.start({
        client: retried,
        implementation,
      });
      expect(await failure(client.sayHello({ name: "x" }))).toMatchObject({
        status,
        attempts: 1,
        notRetried: "status",
      });
      expect(previous).toHaveLength(1);
    });
  }

  it("never of a client that is not pinned, and never after a refusal by the policy", async () => {
    let handled = 0;
    const pair = await GreeterPair.start({
      client: retried,
      implementation: {
        sayHello: () => {
          handled += 1;
          return {};
        },
      },
    });
    const stranger = pair.strangerClient("spiffe://local.test/stranger", { pinned: false });
    expect(await failure(stranger.sayHello({ name: "x" }))).toMatchObject({
      status: Status.UNAUTHENTICATED,
      code: "ERR_REFUSED_BY_PEER",
      attempts: 1,
    });
    const known = pair.strangerClient("spiffe://local.test/known");
    expect(await failure(known.sayHello({ name: "x" }))).toMatchObject({
      status: Status.PERMISSION_DENIED,
      attempts: 1,
      notRetried: "status",
    });
    expect(handled).toBe(0);
  });

  it("never after the header has come", async () => {
    const { begin, previous } = failing(100);
    const { client } = await GreeterPair.start({
      client: retried,
      implementation: {
        sayHello: async (_, context) => {
          context.sendHeader();
          // The header is to travel before the status does.
          await new Promise((resolve) => setImmediate(resolve));
          begin(context);
          return {};
        },
      },
    });
    let headers = 0;
    const error = await failure(client.sayHello({ name: "x" }, { onHeader: () => headers++ }));
    expect(error).toMatchObject({ status: Status.UNAVAILABLE, attempts: 1, notRetried: "answer" });
    expect({ headers, handled: previous.length }).toEqual({ headers: 1, handled: 1 });
  });

  it("never after the first of several responses", async () => {
    const { begin, previous } = failing(100);
    const { client } = await GreeterPair.start({
      client: retried,
      implementation: {
        async *sayManyHellos(_, context) {
          yield { greeting: "first" };
          begin(context);
        },
      },
    });
    expect(await failure(client.sayManyHellos({ name: "x" }))).toMatchObject({ attempts: 1, notRetried: "answer" });
    expect(previous).toHaveLength(1);
  });

  it("never past the deadline: a wait that would end after it is not begun", async () => {
    const { previous, implementation } = failing(100, Status.UNAVAILABLE, { retryPushbackMs: 60_000 });
    const { client } = await GreeterPair.start({
      client: retried,
      implementation,
    });
    const error = await failure(client.sayHello({ name: "x" }));
    expect(error).toMatchObject({ status: Status.UNAVAILABLE, attempts: 1, notRetried: "deadline" });
    expect(previous).toHaveLength(1);
  });

  it("when the server says, and not at all when it asks for that", async () => {
    const soon = failing(1, Status.UNAVAILABLE, { retryPushbackMs: 1 });
    const never = failing(1, Status.UNAVAILABLE, { retryPushbackMs: -1 });
    const { client } = await GreeterPair.start({
      client: retried,
      implementation: {
        sayHello: ({ name }, context) => {
          (name === "soon" ? soon : never).begin(context);
          return { greeting: name };
        },
      },
    });
    expect((await client.sayHello({ name: "soon" })).greeting).toBe("soon");
    const trailers: (string | undefined)[] = [];
    const onTrailer = (trailer: { get(key: string): string | Uint8Array | undefined }) =>
      trailers.push(String(trailer.get("grpc-retry-pushback-ms")));
    expect(await failure(client.sayHello({ name: "never" }, { onTrailer }))).toMatchObject({
      attempts: 1,
      notRetried: "pushback",
    });
    expect(trailers).toEqual(["-1"]);
  });

  it("after a wait that begins small again once the server has said when", async () => {
    const waits: (number | undefined)[] = [undefined, 1, undefined];
    const { client } = await GreeterPair.start({
      client: {
        serviceConfig: {
          methodConfig: [
            {
              name: [{ service, method: "SayHello" }],
              // The third wait of its own would most likely end long after the deadline.
              retryPolicy: { ...policy, initialBackoffMs: 100, backoffMultiplier: 100, maxBackoffMs: 10_000_000 },
            },
          ],
        },
      },
      implementation: {
        sayHello: ({ name }) => {
          if (waits.length === 0) return { greeting: name };
          const retryPushbackMs = waits.shift();
          throw new RpcError(Status.UNAVAILABLE, "later", retryPushbackMs === undefined ? {} : { retryPushbackMs });
        },
      },
    });
    // Waits of up to 100 ms, 1 ms by the server, and again up to 100 ms.
    expect((await client.sayHello({ name: "x" })).greeting).toBe("x");
  });

  it("when a RetryInfo among the details of the status says", async () => {
    const delayed = (seconds: number, nanos = 0) =>
      failing(1, Status.RESOURCE_EXHAUSTED, {
        details: [errorDetail(RetryInfoSchema, { retryDelay: { seconds: BigInt(seconds), nanos } })],
      });
    const soon = delayed(0, 1_000_000);
    const late = delayed(60);
    const { client } = await GreeterPair.start({
      client: retried,
      implementation: {
        sayHello: ({ name }, context) => {
          (name === "soon" ? soon : late).begin(context);
          return { greeting: name };
        },
      },
    });
    expect((await client.sayHello({ name: "soon" })).greeting).toBe("soon");
    expect(await failure(client.sayHello({ name: "late" }))).toMatchObject({ attempts: 1, notRetried: "deadline" });
  });

  it("of a call that a limit refused, when the limit says", async () => {
    let handled = 0;
    const { client } = await GreeterPair.start({
      client: retried,
      server: { limits: { callsPerSecond: { perSecond: 20, burst: 1 } } },
      implementation: {
        sayHello: () => {
          handled += 1;
          return {};
        },
      },
    });
    // Each is refused at least once, told when to come back, and then served.
    await client.sayHello({ name: "first" });
    await client.sayHello({ name: "second" });
    expect(handled).toBe(2);
  });

  it("below the interceptors of the client, which run once", async () => {
    const { previous, implementation } = failing(2);
    let intercepted = 0;
    const { client } = await GreeterPair.start({
      client: {
        ...retried,
        interceptors: [
          async (_, next) => {
            intercepted += 1;
            await next();
          },
        ],
      },
      implementation,
    });
    await client.sayHello({ name: "x" });
    expect({ intercepted, attempts: previous.length }).toEqual({ intercepted: 1, attempts: 3 });
  });

  it("not while too many calls of the channel have failed", async () => {
    const { previous, implementation } = failing(1_000);
    const { client } = await GreeterPair.start({
      client: { serviceConfig: { ...retried.serviceConfig, retryThrottling: { maxTokens: 10, tokenRatio: 0.1 } } },
      implementation,
    });
    const errors: RpcError[] = [];
    for (let i = 0; i < 20; i++) errors.push(await failure(client.sayHello({ name: "x" })));
    // Five failures use up half of the tokens: the first call has four of them, the second is told so.
    expect(errors.map(({ attempts }) => attempts)).toEqual([4, ...Array.from({ length: 19 }, () => 1)]);
    expect(errors[1]).toMatchObject({ notRetried: "throttled" });
    expect(previous).toHaveLength(23);
  });

  it("not of more messages than are kept, and the error says so", async () => {
    const { previous, implementation } = failing(1_000);
    const { client } = await GreeterPair.start({
      client: { ...retried, retryBufferBytes: 1_000 },
      implementation,
    });
    const error = await failure(client.sayHello({ name: "x".repeat(1_001) }));
    expect(error).toMatchObject({ status: Status.UNAVAILABLE, attempts: 1, notRetried: "buffer" });
    expect((await failure(client.sayHello({ name: "x".repeat(900) }))).attempts).toBe(4);
    expect(previous).toHaveLength(5);
  });

  it("keeps nothing of a call that is over, however it ended", async () => {
    let failures = 0;
    const { client } = await GreeterPair.start({
      client: { ...retried, retryBufferBytes: 1_000, channelRetryBufferBytes: 1_000 },
      implementation: {
        sayHello: ({ name }) => {
          if (name.startsWith("wrong")) throw new RpcError(Status.NOT_FOUND, "nobody of that name");
          if (name.startsWith("late") && failures++ < 2) throw new RpcError(Status.UNAVAILABLE, "later");
          return {};
        },
      },
    });
    const rest = "x".repeat(900);
    for (let i = 0; i < 5; i++) {
      await client.sayHello({ name: `right ${rest}` });
      await failure(client.sayHello({ name: `wrong ${rest}` }));
      await failure(client.sayHello({ name: `right ${rest}` }, { signal: AbortSignal.abort() }));
    }
    // There is room for its one message.
    await client.sayHello({ name: `late ${rest}` });
    expect(failures).toBe(3);
  });

  it("of a large message on both transports: no limit applies that was not set", async () => {
    const { begin, previous } = failing(2);
    const { client } = await GreeterPair.start({
      client: retried,
      implementation: {
        sayHello: ({ name }, context) => {
          begin(context);
          return { greeting: String(name.length) };
        },
      },
    });
    const length = 3 * 1024 * 1024;
    expect((await client.sayHello({ name: "x".repeat(length) })).greeting).toBe(String(length));
    expect(previous).toHaveLength(3);
  });

  it("ends at once when the caller leaves during the wait", async () => {
    const { previous, implementation } = failing(100, Status.UNAVAILABLE, { retryPushbackMs: 5_000 });
    const { client } = await GreeterPair.start({
      client: retried,
      implementation,
    });
    const cancel = new AbortController();
    const call = failure(client.sayHello({ name: "x" }, { signal: cancel.signal }));
    while (previous.length === 0) await new Promise((resolve) => setImmediate(resolve));
    cancel.abort();
    expect(await call).toMatchObject({ status: Status.CANCELLED });
    expect(previous).toHaveLength(1);
  });
});
