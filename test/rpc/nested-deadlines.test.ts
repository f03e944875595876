// What a handler calls inherits what is left of its own time, and its cancellation: for all kinds, without user code.
import { describe, expect, it } from "vitest";
import { Status } from "../../src/status.js";
import { collect, failure, signalled } from "../helpers/collect.js";
import { type Greeter, GreeterPair } from "../helpers/greeter-pair.js";

const never = () => new Promise<never>(() => {});

/** A server whose handlers call another one; what the handlers of that one see. */
async function chained(outer: (inner: GreeterPair["client"]) => Partial<Greeter>, innermost: Partial<Greeter>) {
  const upstream = await GreeterPair.start({ implementation: innermost });
  const inner = upstream.newClient({ timeoutMs: 60_000 });
  const { client } = await GreeterPair.start({ implementation: outer(inner) });
  return { client, upstream };
}

describe("a call made by a handler", () => {
  it("has no more time than the handler, in every kind of both", async () => {
    const remaining: number[] = [];
    const seen: Partial<Greeter> = {
      sayHello: (_, context) => {
        remaining.push(context.remainingMs());
        return {};
      },
      async *sayManyHellos(_, context) {
        remaining.push(context.remainingMs());
        yield {};
      },
      collectHellos: async (requests, context) => {
        remaining.push(context.remainingMs());
        await collect(requests);
        return {};
      },
      async *chat(requests, context) {
        remaining.push(context.remainingMs());
        for await (const _ of requests) yield {};
      },
    };
    const all = async (inner: GreeterPair["client"]) => {
      await inner.sayHello({ name: "x" });
      await collect(inner.sayManyHellos({ name: "x" }));
      await inner.collectHellos([{ name: "x" }]);
      await collect(inner.chat([{ name: "x" }]));
    };
    const { client } = await chained(
      (inner) => ({
        sayHello: async () => {
          await all(inner);
          return {};
        },
        async *sayManyHellos() {
          yield {};
          // After a first response, in the midst of a generator.
          await all(inner);
        },
        collectHellos: async (requests) => {
          for await (const _ of requests) await all(inner);
          return {};
        },
        async *chat(requests) {
          for await (const _ of requests) {
            await all(inner);
            yield {};
          }
        },
      }),
      seen,
    );
    const options = { timeoutMs: 9_000 };
    await client.sayHello({ name: "x" }, options);
    await collect(client.sayManyHellos({ name: "x" }, options));
    await client.collectHellos([{ name: "x" }], options);
    await collect(client.chat([{ name: "x" }], options));
    expect(remaining).toHaveLength(16);
    for (const ms of remaining) {
      expect(ms).toBeGreaterThan(0);
      expect(ms).toBeLessThanOrEqual(9_001);
    }
  });

  it("keeps a smaller deadline of its own", async () => {
    let remaining = Number.POSITIVE_INFINITY;
    const { client } = await chained(
      (inner) => ({ sayHello: () => inner.sayHello({ name: "x" }, { timeoutMs: 3_000 }) }),
      {
        sayHello: (_, context) => {
          remaining = context.remainingMs();
          return {};
        },
      },
    );
    await client.sayHello({ name: "x" }, { timeoutMs: 9_000 });
    expect(remaining).toBeLessThanOrEqual(3_001);
  });

  it("ends with the handler's deadline, and its own handler hears of it", async () => {
    const aborted = signalled<unknown>();
    const { client } = await chained((inner) => ({ sayHello: () => inner.sayHello({ name: "x" }) }), {
      sayHello: (_, { signal }) => {
        signal.addEventListener("abort", () => aborted.resolve(signal.reason));
        return never();
      },
    });
    const error = await failure(client.sayHello({ name: "x" }, { timeoutMs: 400 }));
    expect(error.status).toBe(Status.DEADLINE_EXCEEDED);
    expect([Status.DEADLINE_EXCEEDED, Status.CANCELLED]).toContain(
      ((await aborted.promise) as { status: Status }).status,
    );
  });

  it("is cancelled with the handler's call, in the midst of a stream", async () => {
    const started = signalled();
    const aborted = signalled<unknown>();
    const { client } = await chained(
      (inner) => ({
        async *sayManyHellos({ name }) {
          yield* inner.sayManyHellos({ name });
        },
      }),
      {
        async *sayManyHellos(_, { signal }) {
          signal.addEventListener("abort", () => aborted.resolve(signal.reason));
          yield { greeting: "first" };
          started.resolve();
          await never();
        },
      },
    );
    const cancel = new AbortController();
    const call = failure(client.sayManyHellos({ name: "x" }, { signal: cancel.signal }));
    await started.promise;
    cancel.abort();
    expect(await call).toMatchObject({ status: Status.CANCELLED });
    expect(await aborted.promise).toMatchObject({ status: Status.CANCELLED });
  });

  it("is retried no longer than the handler's time, and not after its caller has left", async () => {
    let attempts = 0;
    const firstFailed = signalled();
    const { client } = await chained(
      (inner) => ({ sayHello: () => inner.sayHello({ name: "x" }, { waitForReady: true }) }),
      {
        sayHello: (_, { signal }) => {
          attempts += 1;
          firstFailed.resolve();
          signal.throwIfAborted();
          return never();
        },
      },
    );
    const cancel = new AbortController();
    const call = failure(client.sayHello({ name: "x" }, { signal: cancel.signal }));
    await firstFailed.promise;
    cancel.abort();
    expect(await call).toMatchObject({ status: Status.CANCELLED });
    expect(attempts).toBe(1);
  });
});

describe("a handler whose time is over", () => {
  it("hears of it, and what it still does is discarded", async () => {
    const late = signalled<string[]>();
    const { client, log } = await GreeterPair.start({
      implementation: {
        async *sayManyHellos(_, context) {
          const done: string[] = [];
          try {
            yield { greeting: "in time" };
            await new Promise<void>((resolve) => context.signal.addEventListener("abort", () => resolve()));
            done.push("aborted");
            context.responseTrailer.set("late", "yes");
            context.sendHeader();
            yield { greeting: "too late" };
            done.push("never reached");
          } finally {
            late.resolve(done);
          }
        },
      },
    });
    const greetings: string[] = [];
    const trailers: (string | undefined)[] = [];
    const error = await failure(
      (async () => {
        const options = {
          timeoutMs: 300,
          onTrailer: (t: { get(key: "late"): string | undefined }) => trailers.push(t.get("late")),
        };
        for await (const { greeting } of client.sayManyHellos({ name: "x" }, options)) greetings.push(greeting);
      })(),
    );
    expect(error.status).toBe(Status.DEADLINE_EXCEEDED);
    expect(greetings).toEqual(["in time"]);
    expect(await late.promise).toEqual(["aborted"]);
    expect(trailers.filter(Boolean)).toEqual([]);
    await log.find(({ event }) => event === "call");
  });
});
