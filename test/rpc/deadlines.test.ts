import { describe, expect, it } from "vitest";
import { RpcError } from "../../src/errors.js";
import { Status } from "../../src/status.js";
import { collect, failure, signalled } from "../helpers/collect.js";
import { type Greeter, GreeterPair } from "../helpers/greeter-pair.js";

const never = () => new Promise<never>(() => {});

describe("a deadline", () => {
  it("ends a call whose handler hangs, on both sides", async () => {
    const aborted = signalled<unknown>();
    const { client, log } = await GreeterPair.start({
      implementation: {
        sayHello: (_, { signal }) => {
          signal.addEventListener("abort", () => aborted.resolve(signal.reason));
          return never();
        },
      },
    });
    // The deadline is to pass in the handler, not while connecting.
    await collect(client.sayManyHellos({ name: "x" }));
    const error = await failure(client.sayHello({ name: "x" }, { timeoutMs: 100 }));
    expect(error).toMatchObject({ status: Status.DEADLINE_EXCEEDED, code: "ERR_RPC_DEADLINE_EXCEEDED" });
    expect(error.rawMessage).toBe("the deadline of the call has passed");
    expect(await aborted.promise).toBeInstanceOf(RpcError);
    await log.find(({ event }) => event === "call");
  });

  it("ends each of the streaming kinds", async () => {
    const hang: Partial<Greeter> = {
      async *sayManyHellos() {
        yield { greeting: "first" };
        await never();
      },
      collectHellos: never,
      async *chat(requests) {
        yield { greeting: String((await collect(requests)).length) };
      },
    };
    const { client } = await GreeterPair.start({ implementation: hang });
    async function* endless() {
      await never();
      yield { name: "never" };
    }
    const options = { timeoutMs: 100 };
    const calls = [
      client.sayManyHellos({ name: "x" }, options),
      client.collectHellos([], options),
      client.collectHellos(endless(), options),
      client.chat(endless(), options),
    ];
    for (const error of await Promise.all(calls.map(failure))) {
      expect(error).toMatchObject({ status: Status.DEADLINE_EXCEEDED });
    }
  });

  it("reaches the server as the time that remains", async () => {
    let remaining = 0;
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: (_, context) => {
          remaining = context.remainingMs();
          return { greeting: context.deadline.toISOString() };
        },
      },
    });
    await client.sayHello({ name: "x" }, { timeoutMs: 5_000 });
    expect(remaining).toBeGreaterThan(0);
    expect(remaining).toBeLessThanOrEqual(5_001);
  });

  it("is capped by the server", async () => {
    const { client } = await GreeterPair.start({
      server: { maxTimeoutMs: 100 },
      implementation: { sayHello: never },
    });
    expect(await failure(client.sayHello({ name: "x" }, { timeoutMs: 60_000 }))).toMatchObject({
      status: Status.DEADLINE_EXCEEDED,
    });
  });

  it("is inherited by the calls a handler makes, and so is cancellation", async () => {
    const inner = signalled<number>();
    const innerStarted = signalled();
    const innerEnded = signalled<unknown>();
    const upstream = await GreeterPair.start({
      implementation: {
        sayHello: (_, { signal }) => {
          signal.addEventListener("abort", () => innerEnded.resolve(signal.reason));
          innerStarted.resolve();
          return never();
        },
        collectHellos: async (_, context) => {
          inner.resolve(context.remainingMs());
          return { greeting: "", count: 0 };
        },
      },
    });
    const upstreamClient = upstream.newClient();
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: async ({ name }) => {
          await upstreamClient.collectHellos([], { timeoutMs: 60_000 });
          return upstreamClient.sayHello({ name }, { timeoutMs: 60_000 });
        },
      },
    });
    const cancel = new AbortController();
    const call = failure(client.sayHello({ name: "x" }, { timeoutMs: 7_000, signal: cancel.signal }));
    expect(await inner.promise).toBeLessThanOrEqual(7_001);
    await innerStarted.promise;
    cancel.abort();
    expect(await call).toMatchObject({ status: Status.CANCELLED });
    expect(await innerEnded.promise).toMatchObject({ status: Status.CANCELLED });
  });

  it("must be a time span that a timer can hold", async () => {
    const { client } = await GreeterPair.start();
    for (const timeoutMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
      await expect(client.sayHello({ name: "x" }, { timeoutMs })).rejects.toMatchObject({ code: "ERR_INVALID_OPTION" });
    }
  });
});

describe("cancellation", () => {
  it("by a signal reaches the handler", async () => {
    const started = signalled();
    const aborted = signalled<unknown>();
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: (_, { signal }) => {
          signal.addEventListener("abort", () => aborted.resolve(signal.reason));
          started.resolve();
          return never();
        },
      },
    });
    const cancel = new AbortController();
    const call = failure(client.sayHello({ name: "x" }, { signal: cancel.signal }));
    await started.promise;
    const cause = new Error("changed my mind");
    cancel.abort(cause);
    expect(await call).toMatchObject({ status: Status.CANCELLED, code: "ERR_RPC_CANCELLED", cause });
    expect(await aborted.promise).toMatchObject({ status: Status.CANCELLED });
  });

  it("before the call keeps it from reaching the server", async () => {
    let handled = 0;
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: () => {
          handled += 1;
          return { greeting: "" };
        },
      },
    });
    await client.sayHello({ name: "connects" });
    expect(await failure(client.sayHello({ name: "x" }, { signal: AbortSignal.abort() }))).toMatchObject({
      status: Status.CANCELLED,
    });
    await client.sayHello({ name: "after" });
    expect(handled).toBe(2);
  });

  it("right after the start reaches the server all the same", async () => {
    const ends: Promise<unknown>[] = [];
    const { client } = await GreeterPair.start({
      implementation: {
        async *chat(_, { signal }) {
          const end = new Promise((resolve) => signal.addEventListener("abort", resolve));
          ends.push(end);
          yield* [];
          await end;
        },
      },
    });
    await client.sayHello({ name: "connects" });
    for (let i = 0; i < 20; i++) {
      const responses = client.chat([], { timeoutMs: 60_000 })[Symbol.asyncIterator]();
      await responses.return?.();
      // Behind the call, if it was sent.
      await client.sayHello({ name: "x" });
    }
    // A call may never have been sent; one that was is cancelled, not left to its deadline.
    expect(ends.length).toBeGreaterThan(0);
    await Promise.all(ends);
  });

  it("by leaving the loop ends the handler's generator", async () => {
    const cleanedUp = signalled();
    const { client } = await GreeterPair.start({
      implementation: {
        async *sayManyHellos() {
          try {
            for (;;) yield { greeting: "again" };
          } finally {
            cleanedUp.resolve();
          }
        },
      },
    });
    for await (const { greeting } of client.sayManyHellos({ name: "x" })) {
      expect(greeting).toBe("again");
      break;
    }
    await cleanedUp.promise;
  });

  it("in the middle of large responses is a cancellation for the server, not a fault", async () => {
    const reasons: Status[] = [];
    const { client } = await GreeterPair.start({
      implementation: {
        async *sayManyHellos(_, { signal }) {
          signal.addEventListener("abort", () => reasons.push(signal.reason.status));
          for (;;) yield { greeting: "x".repeat(65_535) };
        },
      },
    });
    const calls = 100;
    for (let i = 0; i < calls; i++) {
      const responses = client.sayManyHellos({ name: "x" })[Symbol.asyncIterator]();
      if (i % 2 === 0) await responses.next();
      await responses.return?.();
      await client.sayHello({ name: "x" });
    }
    expect(reasons.length).toBeGreaterThanOrEqual(calls / 2);
    expect(reasons.filter((status) => status !== Status.CANCELLED)).toEqual([]);
  });

  it("ends the client's generator of requests when the server is done early", async () => {
    const cleanedUp = signalled();
    const { client } = await GreeterPair.start({
      implementation: {
        async collectHellos(requests) {
          for await (const { name } of requests) return { greeting: name, count: 1 };
          return { greeting: "", count: 0 };
        },
      },
    });
    async function* endless() {
      try {
        for (let i = 0; ; i++) {
          yield { name: `n${i}` };
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        cleanedUp.resolve();
      }
    }
    expect((await client.collectHellos(endless())).greeting).toBe("n0");
    await cleanedUp.promise;
  });
});
