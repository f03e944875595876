import { describe, expect, it } from "vitest";
import { RpcError } from "../../src/errors.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow } from "../../src/interceptors/policy.js";
import type { HandlerContext } from "../../src/rpc/call-context.js";
import { contextKey } from "../../src/rpc/context-values.js";
import type { Interceptor } from "../../src/rpc/interceptor.js";
import { Status } from "../../src/status.js";
import { collect, failure } from "../helpers/collect.js";
import { GreeterPair, greeter } from "../helpers/greeter-pair.js";

describe("interceptors", () => {
  it("run in their order around all four kinds of call, on both sides", async () => {
    const events: string[] = [];
    const record =
      (name: string): Interceptor =>
      async (call, next) => {
        events.push(`${name} before ${call.method.name}`);
        call.onRequestMessage(() => events.push(`${name} request`));
        call.onResponseMessage(() => events.push(`${name} response`));
        await next();
        events.push(`${name} after`);
      };
    const { client } = await GreeterPair.start({
      server: { interceptors: [record("server 1"), record("server 2")] },
      client: { interceptors: [record("client 1"), record("client 2")] },
    });

    await client.sayHello({ name: "x" });
    expect(events.splice(0)).toEqual([
      "client 1 before SayHello",
      "client 2 before SayHello",
      "client 1 request",
      "client 2 request",
      "server 1 before SayHello",
      "server 2 before SayHello",
      "server 1 request",
      "server 2 request",
      "server 1 response",
      "server 2 response",
      "server 2 after",
      "server 1 after",
      "client 1 response",
      "client 2 response",
      "client 2 after",
      "client 1 after",
    ]);

    await collect(client.sayManyHellos({ name: "x", count: 2 }));
    expect(count(events.splice(0))).toEqual({ before: 4, request: 4, response: 8, after: 4 });
    await client.collectHellos([{ name: "a" }, { name: "b" }, { name: "c" }]);
    expect(count(events.splice(0))).toEqual({ before: 4, request: 12, response: 4, after: 4 });
    await collect(client.chat([{ name: "a" }, { name: "b" }]));
    expect(count(events.splice(0))).toEqual({ before: 4, request: 8, response: 8, after: 4 });
  });

  it("run after authorization and decoding, so a refused call never reaches them", async () => {
    const seen: string[] = [];
    const spy: Interceptor<HandlerContext> = (call, next) => {
      seen.push(call.method.name);
      return next();
    };
    const pair = await GreeterPair.start({
      server: { interceptors: [spy], policy: [allow(GreeterService.method.sayHello, "spiffe://local.test/cli")] },
    });
    expect(await failure(pair.client.collectHellos([]))).toMatchObject({ status: Status.PERMISSION_DENIED });
    await pair.client.sayHello({ name: "x" });
    expect(seen).toEqual(["SayHello"]);
  });

  it("share typed values with the handler", async () => {
    const tenant = contextKey("tenant", "nobody");
    const { client } = await GreeterPair.start({
      server: {
        interceptors: [
          async (call, next) => {
            call.values.set(tenant, call.requestMetadata.get("x-tenant") ?? "");
            await next();
          },
        ],
      },
      client: {
        interceptors: [
          async (call, next) => {
            call.requestMetadata.set("x-tenant", "acme");
            await next();
          },
        ],
      },
      implementation: { ...greeter, sayHello: (_, { values }) => ({ greeting: values.get(tenant) }) },
    });
    expect((await client.sayHello({ name: "x" })).greeting).toBe("acme");
  });

  it("refuse a call with a status of their choice", async () => {
    const refuse: Interceptor = async () => {
      throw new RpcError(Status.FAILED_PRECONDITION, "not today");
    };
    const server = await GreeterPair.start({ server: { interceptors: [refuse] } });
    expect(await failure(server.client.sayHello({ name: "x" }))).toMatchObject({ rawMessage: "not today" });
    const client = await GreeterPair.start({ client: { interceptors: [refuse] } });
    expect(await failure(client.client.sayManyHellos({ name: "x" }))).toMatchObject({ rawMessage: "not today" });
  });

  it("may turn a failure into another", async () => {
    const { client } = await GreeterPair.start({
      client: {
        interceptors: [
          async (_, next) => {
            await next().catch(() => {
              throw new RpcError(Status.ABORTED, "translated");
            });
          },
        ],
      },
      implementation: {
        sayHello: () => {
          throw new RpcError(Status.NOT_FOUND, "original");
        },
        // biome-ignore lint/correctness/useYield: fails before the first
        async *sayManyHellos() {
          throw new RpcError(Status.NOT_FOUND, "original");
        },
      },
    });
    expect(await failure(client.sayHello({ name: "x" }))).toMatchObject({ rawMessage: "translated" });
    expect(await failure(client.sayManyHellos({ name: "x" }))).toMatchObject({ rawMessage: "translated" });
  });

  const misbehaviour: Record<string, Interceptor> = {
    "throws synchronously": () => {
      throw new Error("swordfish");
    },
    "rejects with undefined": () => Promise.reject(undefined),
    "never calls next": async () => {},
    "calls next twice": async (_, next) => {
      await next();
      await next();
    },
    "has a hook that throws": async (call, next) => {
      call.onResponseMessage(() => {
        throw new Error("swordfish");
      });
      await next();
    },
  };
  for (const [what, interceptor] of Object.entries(misbehaviour)) {
    it(`cannot harm the server: one that ${what}`, async () => {
      const { client } = await GreeterPair.start({ server: { interceptors: [interceptor] } });
      const error = await failure(client.sayHello({ name: "x" }));
      expect(error.status).toBe(Status.INTERNAL);
      expect(error.message).not.toContain("swordfish");
    });
  }

  it("cannot turn a failure into a success: there would be no response", async () => {
    const swallow: Interceptor = (_, next) => next().catch(() => {});
    const implementation = {
      sayHello: () => {
        throw new RpcError(Status.NOT_FOUND, "nobody");
      },
    };
    const server = await GreeterPair.start({ server: { interceptors: [swallow] }, implementation });
    expect(await failure(server.client.sayHello({ name: "x" }))).toMatchObject({ status: Status.NOT_FOUND });
    const client = await GreeterPair.start({ client: { interceptors: [swallow] }, implementation });
    expect(await failure(client.client.sayHello({ name: "x" }))).toMatchObject({ status: Status.NOT_FOUND });
  });

  it("cannot end a call early: one that forgets to await next() is waited for", async () => {
    const forgets: Interceptor = async (_, next) => {
      next();
    };
    const failing = await GreeterPair.start({
      server: { interceptors: [forgets] },
      implementation: {
        sayHello: async () => {
          throw new RpcError(Status.NOT_FOUND, "nobody");
        },
      },
    });
    expect(await failure(failing.client.sayHello({ name: "x" }))).toMatchObject({ status: Status.NOT_FOUND });
    const client = await GreeterPair.start({ client: { interceptors: [forgets] } });
    expect((await client.client.sayHello({ name: "Ada" })).greeting).toContain("Ada");
  });

  it("cannot hang a call: one that never settles ends with the deadline", async () => {
    const { client } = await GreeterPair.start({ server: { interceptors: [() => new Promise(() => {})] } });
    expect(await failure(client.sayHello({ name: "x" }, { timeoutMs: 100 }))).toMatchObject({
      status: Status.DEADLINE_EXCEEDED,
    });
  });
});

function count(events: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = { before: 0, request: 0, response: 0, after: 0 };
  for (const event of events) {
    const what = Object.keys(counts).find((key) => event.includes(` ${key}`));
    if (what !== undefined) counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}
