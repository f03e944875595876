import { describe, expect, it } from "vitest";
import type { HedgingPolicy, ServiceConfig } from "../../../src/client/service-config.js";
import { RpcError } from "../../../src/errors.js";
import { GreeterService } from "../../../src/gen/hello/v1/greeter_pb.js";
import type { HandlerContext } from "../../../src/rpc/call-context.js";
import { Status } from "../../../src/status.js";
import { collect, failure, signalled } from "../../helpers/collect.js";
import { GreeterPair } from "../../helpers/greeter-pair.js";

function hedged(policy: Partial<HedgingPolicy>): { serviceConfig: ServiceConfig } {
  const hedgingPolicy: HedgingPolicy = { maxAttempts: 3, hedgingDelayMs: 0, ...policy };
  const name = [
    { service: GreeterService, method: "SayHello" },
    { service: GreeterService, method: "SayManyHellos" },
  ] as const;
  return { serviceConfig: { methodConfig: [{ name, hedgingPolicy }] } };
}

const attemptOf = ({ requestMetadata }: HandlerContext) =>
  Number(requestMetadata.get("grpc-previous-rpc-attempts") ?? 0);

describe("hedging", () => {
  it("takes the first answer and cancels the other attempts", async () => {
    const cancelled = new Set<number>();
    const bothCancelled = signalled();
    const { client } = await GreeterPair.start({
      client: hedged({}),
      implementation: {
        sayHello: async ({ name }, context) => {
          const attempt = attemptOf(context);
          if (attempt === 1) return { greeting: `${name}, by attempt ${attempt}` };
          await new Promise<void>((resolve) => context.signal.addEventListener("abort", () => resolve()));
          cancelled.add(attempt);
          if (cancelled.size === 2) bothCancelled.resolve();
          return {};
        },
      },
    });
    expect((await client.sayHello({ name: "Ada" })).greeting).toBe("Ada, by attempt 1");
    await bothCancelled.promise;
    expect([...cancelled].sort()).toEqual([0, 2]);
  });

  it("delivers one answer of a stream, whole", async () => {
    const { client } = await GreeterPair.start({
      client: hedged({}),
      implementation: {
        async *sayManyHellos(_, context) {
          for (let i = 0; i < 5; i++) {
            yield { greeting: `${attemptOf(context)}` };
            await new Promise((resolve) => setImmediate(resolve));
          }
        },
      },
    });
    const greetings = (await collect(client.sayManyHellos({ name: "x" }))).map(({ greeting }) => greeting);
    expect(greetings).toHaveLength(5);
    expect(new Set(greetings).size).toBe(1);
  });

  it("does not begin another attempt when the answer comes before the delay", async () => {
    let handled = 0;
    const { client } = await GreeterPair.start({
      client: hedged({ hedgingDelayMs: 5_000 }),
      implementation: {
        sayHello: () => {
          handled += 1;
          return {};
        },
      },
    });
    await client.sayHello({ name: "x" });
    expect(handled).toBe(1);
  });

  it("begins the next attempt at once after a failure that is not fatal, and ends with the last one", async () => {
    let handled = 0;
    const { client } = await GreeterPair.start({
      client: hedged({ hedgingDelayMs: 5_000, nonFatalStatusCodes: ["UNAVAILABLE"] }),
      implementation: {
        sayHello: () => {
          handled += 1;
          throw new RpcError(Status.UNAVAILABLE, `failure ${handled}`);
        },
      },
    });
    const error = await failure(client.sayHello({ name: "x" }));
    expect(error).toMatchObject({
      status: Status.UNAVAILABLE,
      rawMessage: "failure 3",
      attempts: 3,
      notRetried: "attempts",
    });
  });

  it("ends with a failure that is fatal, whatever the other attempts do", async () => {
    const aborted = signalled();
    const { client } = await GreeterPair.start({
      client: hedged({ maxAttempts: 2, nonFatalStatusCodes: ["UNAVAILABLE"] }),
      implementation: {
        sayHello: async (_, context) => {
          if (attemptOf(context) === 1) throw new RpcError(Status.NOT_FOUND, "no such person");
          context.signal.addEventListener("abort", () => aborted.resolve());
          return new Promise<never>(() => {});
        },
      },
    });
    const error = await failure(client.sayHello({ name: "x" }));
    expect(error).toMatchObject({
      status: Status.NOT_FOUND,
      rawMessage: "no such person",
      attempts: 2,
      notRetried: "status",
    });
    await aborted.promise;
  });

  it("begins no further attempt when the server asks for none", async () => {
    let handled = 0;
    const { client } = await GreeterPair.start({
      client: hedged({ hedgingDelayMs: 5_000, nonFatalStatusCodes: ["UNAVAILABLE"] }),
      implementation: {
        sayHello: () => {
          handled += 1;
          throw new RpcError(Status.UNAVAILABLE, "full", { retryPushbackMs: -1 });
        },
      },
    });
    expect(await failure(client.sayHello({ name: "x" }))).toMatchObject({ attempts: 1, notRetried: "pushback" });
    expect(handled).toBe(1);
  });

  it("is throttled with the retries of its channel", async () => {
    let handled = 0;
    const config = hedged({ hedgingDelayMs: 5_000, nonFatalStatusCodes: ["UNAVAILABLE"] }).serviceConfig;
    const { client } = await GreeterPair.start({
      client: { serviceConfig: { ...config, retryThrottling: { maxTokens: 4, tokenRatio: 0.1 } } },
      implementation: {
        sayHello: () => {
          handled += 1;
          throw new RpcError(Status.UNAVAILABLE, "full");
        },
      },
    });
    expect(await failure(client.sayHello({ name: "x" }))).toMatchObject({ attempts: 2, notRetried: "throttled" });
    expect(await failure(client.sayHello({ name: "x" }))).toMatchObject({ attempts: 1, notRetried: "throttled" });
    expect(handled).toBe(3);
  });

  it("leaves nothing behind when the caller leaves", async () => {
    let open = 0;
    const begun = signalled();
    const ended = signalled();
    const { client } = await GreeterPair.start({
      client: hedged({}),
      implementation: {
        sayHello: async (_, { signal }) => {
          open += 1;
          if (open === 3) begun.resolve();
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
          open -= 1;
          if (open === 0) ended.resolve();
          return {};
        },
      },
    });
    const cancel = new AbortController();
    const call = failure(client.sayHello({ name: "x" }, { signal: cancel.signal }));
    await begun.promise;
    cancel.abort();
    expect(await call).toMatchObject({ status: Status.CANCELLED });
    await ended.promise;
  });
});
