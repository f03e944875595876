// IN-15, in full: whatever a handler, an interceptor, a hook, a listener, a logger or a generator does, its caller gets a
// status without text, the log a record with the reference that the caller was told, and the process lives.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RpcError } from "../../src/errors.js";
import type { Logger } from "../../src/interceptors/logger.js";
import type { HandlerContext } from "../../src/rpc/call-context.js";
import type { Interceptor } from "../../src/rpc/interceptor.js";
import { Status } from "../../src/status.js";
import { collect, failure, signalled } from "../helpers/collect.js";
import { type Greeter, GreeterPair, RecordingLogger } from "../helpers/greeter-pair.js";

const secret = "swordfish";
const neutral = /^internal error \(reference ([0-9a-f]{12})\)$/;

/** What would have ended the process. vitest fails a run for it, but late and without saying which test it was. */
const escaped: unknown[] = [];
const note = (error: unknown) => void escaped.push(error);
beforeEach(() => {
  escaped.length = 0;
  process.on("uncaughtException", note).on("unhandledRejection", note);
});
afterEach(() => {
  process.off("uncaughtException", note).off("unhandledRejection", note);
  expect(escaped).toEqual([]);
});

/** Every turn in which Node.js would have told of what escaped. */
async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

function throwing(): never {
  throw new Error(secret);
}

const hostile = new Proxy({}, { getPrototypeOf: throwing, get: throwing, has: throwing, ownKeys: throwing });

/** Everything that JavaScript can throw. */
const thrown: Record<string, unknown> = {
  "an Error": new Error(secret),
  "a string": secret,
  "a symbol": Symbol(secret),
  "a big integer": 5n,
  undefined: undefined,
  null: null,
  "a function": throwing,
  "a frozen object": Object.freeze({ message: secret, code: 5 }),
  "an object without a prototype": Object.assign(Object.create(null), { message: secret }),
  "an Error whose stack throws": Object.defineProperty(new Error(secret), "stack", { get: throwing }),
  "an Error whose name is an object": Object.assign(new Error(secret), { name: { secret } }),
  "an Error with its own cause": withItselfAsCause(),
  "a Proxy that throws whatever it is asked": hostile,
  "a revoked Proxy": revoked(),
  "an object whose prototype is such a Proxy": Object.create(hostile),
  "a rejected promise": rejected(),
  "an RpcError whose status was changed to none": Object.assign(new RpcError(Status.NOT_FOUND, secret), { status: 99 }),
  "an RpcError whose status was changed to OK": Object.assign(new RpcError(Status.NOT_FOUND, secret), { status: 0 }),
  "an RpcError whose text was changed to a number": Object.assign(new RpcError(Status.NOT_FOUND, secret), {
    rawMessage: 5,
  }),
  "an RpcError whose text throws": Object.defineProperty(new RpcError(Status.NOT_FOUND, secret), "rawMessage", {
    get: throwing,
  }),
};

async function expectNeutral(pair: GreeterPair, call: PromiseLike<unknown> | AsyncIterable<unknown>): Promise<void> {
  const error = await failure(call);
  expect(error).toMatchObject({ status: Status.INTERNAL, code: "ERR_RPC_INTERNAL" });
  const reference = neutral.exec(error.rawMessage)?.[1];
  expect(reference, error.rawMessage).toBeDefined();
  expect(await pair.log.find((each) => each.reference === reference)).toMatchObject({
    level: "error",
    event: "call",
    status: "INTERNAL",
  });
  expect(JSON.stringify(pair.log.records)).not.toContain(secret);
  expect(await collect(pair.client.chat([{ name: "alive" }]))).toHaveLength(1);
  await turns();
}

describe("IN-15: what is thrown", () => {
  for (const [what, value] of Object.entries(thrown)) {
    it(`${what}: by handlers of three kinds, and by an interceptor`, async () => {
      const fail = (): never => {
        throw value;
      };
      const pair = await GreeterPair.start({
        implementation: {
          sayHello: fail,
          collectHellos: async () => fail(),
          async *sayManyHellos() {
            yield { greeting: "sent before" };
            fail();
          },
        },
      });
      await expectNeutral(pair, pair.client.sayHello({ name: "x" }));
      await expectNeutral(pair, pair.client.collectHellos([]));
      await expectNeutral(pair, pair.client.sayManyHellos({ name: "x" }));
      const interceptor: Interceptor = async (call, next) => {
        await next();
        if (call.method.name === "SayHello") fail();
      };
      const other = await GreeterPair.start({ server: { interceptors: [interceptor] } });
      await expectNeutral(other, other.client.sayHello({ name: "x" }));
    });
  }
});

describe("IN-15: what handlers do", () => {
  const handlers: Record<string, Partial<Greeter>> = {
    "returns a thenable that throws": { collectHellos: (() => thenable({ value: throwing })) as never },
    "returns a thenable whose then throws when it is looked at": {
      collectHellos: (() => thenable({ get: throwing })) as never,
    },
    "returns a message whose field throws": {
      collectHellos: (() => Object.defineProperty({}, "greeting", { get: throwing, enumerable: true })) as never,
    },
    "returns a Proxy that throws": { collectHellos: (() => hostile) as never },
    "sets a trailer and then throws": {
      collectHellos: (_, { responseTrailer }) => {
        responseTrailer.set("x-own", "1");
        throwing();
      },
    },
  };
  for (const [what, implementation] of Object.entries(handlers)) {
    it(`one ${what}`, async () => {
      const pair = await GreeterPair.start({ implementation });
      await expectNeutral(pair, pair.client.collectHellos([]));
    });
  }

  const iterables: Record<string, unknown> = {
    "is a Proxy that throws": hostile,
    "makes no iterator": { [Symbol.asyncIterator]: () => undefined },
    "throws when it is iterated": { [Symbol.asyncIterator]: throwing },
    "has an iterator without next": { [Symbol.asyncIterator]: () => ({}) },
    "has a next that throws": { [Symbol.asyncIterator]: () => ({ next: throwing }) },
    "has a next that returns nothing": { [Symbol.asyncIterator]: () => ({ next: async () => undefined }) },
    "has a next whose value throws": {
      [Symbol.asyncIterator]: () => ({ next: async () => Object.defineProperty({}, "value", { get: throwing }) }),
    },
    "has a return that throws when it is looked at": {
      [Symbol.asyncIterator]: () => Object.defineProperty({ next: throwing }, "return", { get: throwing }),
    },
  };
  for (const [what, iterable] of Object.entries(iterables)) {
    it(`a stream of responses that ${what}`, async () => {
      const pair = await GreeterPair.start({ implementation: { sayManyHellos: (() => iterable) as never } });
      await expectNeutral(pair, pair.client.sayManyHellos({ name: "x" }));
    });
  }

  const endings: Record<string, () => Promise<never>> = {
    throws: throwing,
    rejects: async () => throwing(),
    "never settles": () => new Promise(() => {}),
  };
  for (const [what, onReturn] of Object.entries(endings)) {
    it(`a generator is told to end, and its return() ${what}`, async () => {
      const told = signalled();
      const iterator = {
        next: async () => ({ value: { greeting: "again" }, done: false }),
        return: () => {
          told.resolve();
          return onReturn();
        },
      };
      const pair = await GreeterPair.start({
        implementation: { sayManyHellos: (() => ({ [Symbol.asyncIterator]: () => iterator })) as never },
      });
      for await (const { greeting } of pair.client.sayManyHellos({ name: "x" })) {
        expect(greeting).toBe("again");
        break;
      }
      await told.promise;
      await turns();
      expect(await collect(pair.client.chat([{ name: "alive" }]))).toHaveLength(1);
    });
  }

  it("a generator that goes on yielding after its call was cancelled", async () => {
    let yielded = 0;
    const cancelled = signalled();
    const ended = signalled();
    const pair = await GreeterPair.start({
      implementation: {
        async *sayManyHellos(_, { signal }) {
          yield { greeting: "first" };
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          cancelled.resolve();
          try {
            for (; yielded < 1_000; yielded++) yield { greeting: "late" };
          } finally {
            ended.resolve();
          }
        },
      },
    });
    for await (const _ of pair.client.sayManyHellos({ name: "x" })) break;
    await cancelled.promise;
    await ended.promise;
    expect(yielded).toBeLessThan(2);
    expect(await collect(pair.client.chat([{ name: "alive" }]))).toHaveLength(1);
  });
});

describe("IN-15: listeners of a signal", () => {
  const listeners: Record<string, (signal: AbortSignal) => void> = {
    throws: (signal) => signal.addEventListener("abort", throwing),
    rejects: (signal) => signal.addEventListener("abort", async () => throwing()),
    "is an object whose handleEvent throws": (signal) => signal.addEventListener("abort", { handleEvent: throwing }),
    "is onabort, and throws": (signal) => {
      signal.onabort = throwing;
    },
    "throws something that throws": (signal) =>
      signal.addEventListener("abort", () => {
        throw hostile;
      }),
  };
  for (const [what, listen] of Object.entries(listeners)) {
    it(`one that ${what}: the others hear it, and the log says so`, async () => {
      const heard = signalled();
      const begun = signalled();
      const pair = await GreeterPair.start({
        implementation: {
          sayHello: (_, { signal }) => {
            listen(signal);
            signal.addEventListener("abort", () => heard.resolve());
            begun.resolve();
            return new Promise(() => {});
          },
        },
      });
      const cancel = new AbortController();
      const call = failure(pair.client.sayHello({ name: "x" }, { signal: cancel.signal }));
      await begun.promise;
      cancel.abort();
      expect(await call).toMatchObject({ status: Status.CANCELLED });
      await heard.promise;
      expect(await pair.log.find(({ event }) => event === "stray failure")).toMatchObject({
        level: "error",
        code: "ERR_HANDLER_FAILED",
        where: "a listener of the signal",
        method: "/hello.v1.GreeterService/SayHello",
        reference: expect.stringMatching(/^[0-9a-f]{12}$/),
      });
      expect(JSON.stringify(pair.log.records)).not.toContain(secret);
      await turns();
    });
  }

  it("can be taken away again, each as it was given", async () => {
    const events: string[] = [];
    const over = signalled();
    const pair = await GreeterPair.start({
      implementation: {
        sayHello: (_, { signal }) => {
          const gone = () => events.push("gone");
          const object = { handleEvent: () => events.push("gone, too") };
          signal.addEventListener("abort", gone);
          signal.addEventListener("abort", gone);
          signal.addEventListener("abort", object);
          signal.removeEventListener("abort", gone);
          signal.removeEventListener("abort", object);
          signal.onabort = () => events.push("replaced");
          signal.onabort = function (this: AbortSignal, event) {
            events.push(`onabort ${event.type} ${this === signal} ${signal.aborted}`);
          };
          signal.addEventListener("abort", () => over.resolve(), { once: true });
          return new Promise(() => {});
        },
      },
    });
    await collect(pair.client.sayManyHellos({ name: "x" }));
    await failure(pair.client.sayHello({ name: "x" }, { timeoutMs: 50 }));
    await over.promise;
    expect(events).toEqual(["onabort abort true true"]);
  });

  it("of a client's interceptor are contained as well", async () => {
    const log = new RecordingLogger();
    const pair = await GreeterPair.start({ implementation: { sayHello: () => new Promise(() => {}) } });
    const interceptor: Interceptor = async (call, next) => {
      call.signal.addEventListener("abort", throwing);
      await next();
    };
    const client = pair.newClient({ interceptors: [interceptor], logger: log });
    await failure(client.sayHello({ name: "x" }, { timeoutMs: 50 }));
    expect(await log.find(({ event }) => event === "stray failure")).toMatchObject({ side: "client" });
    await turns();
  });
});

describe("IN-15: interceptors and hooks", () => {
  const interceptors: Record<string, Interceptor<HandlerContext>> = {
    "calls next() twice at once": async (_, next) => void (await Promise.all([next(), next()])),
    "calls next() again after the end": async (_, next) => {
      await next();
      await next();
    },
    "returns something that is no promise": (() => 42) as never,
    "has a hook that throws": async (call, next) => {
      call.onRequestMessage(throwing);
      await next();
    },
    "has a hook that throws what throws": async (call, next) => {
      call.onResponseMessage(() => {
        throw hostile;
      });
      await next();
    },
  };
  for (const [what, interceptor] of Object.entries(interceptors)) {
    it(`one that ${what}`, async () => {
      const only: Interceptor<HandlerContext> = (call, next) =>
        call.method.name === "Chat" ? next() : interceptor(call, next);
      const pair = await GreeterPair.start({ server: { interceptors: [only] } });
      await expectNeutral(pair, pair.client.sayHello({ name: "x" }));
    });
  }

  it("one with an async hook that rejects, while the call still runs", async () => {
    const interceptor: Interceptor = async (call, next) => {
      call.onRequestMessage(async () => throwing());
      await next();
    };
    const pair = await GreeterPair.start({
      server: { interceptors: [interceptor] },
      implementation: { sayHello: () => new Promise(() => {}) },
    });
    expect(await failure(pair.client.sayHello({ name: "x" }))).toMatchObject({
      status: Status.INTERNAL,
      rawMessage: "internal error",
    });
    await pair.log.find(({ where }) => where === "a message hook");
    expect(JSON.stringify(pair.log.records)).not.toContain(secret);
    await turns();
  });
});

describe("IN-15: loggers", () => {
  const loggers: Record<string, () => void> = {
    throws: throwing,
    rejects: (async () => throwing()) as () => void,
    "throws what throws": () => {
      throw hostile;
    },
  };
  for (const [what, write] of Object.entries(loggers)) {
    it(`one that ${what}`, async () => {
      const logger: Logger = { debug: write, info: write, warn: write, error: write, isLevelEnabled: throwing };
      const pair = await GreeterPair.start({
        server: { logger },
        client: { logger },
        implementation: { sayHello: throwing },
      });
      expect(await failure(pair.client.sayHello({ name: "x" }))).toMatchObject({ status: Status.INTERNAL });
      expect(await collect(pair.client.chat([{ name: "alive" }]))).toHaveLength(1);
      await turns();
    });
  }
});

function thenable(property: PropertyDescriptor): object {
  // biome-ignore lint/suspicious/noThenProperty: it is to be taken for a promise
  return Object.defineProperty({}, "then", property);
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function rejected(): unknown {
  const promise = Promise.reject(new Error(secret));
  promise.catch(() => {});
  return promise;
}

function withItselfAsCause(): Error {
  const error = new Error(secret);
  error.cause = error;
  return error;
}
