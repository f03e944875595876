import { describe, expect, it } from "vitest";
import { PeerError, RpcError } from "../../src/errors.js";
import { Status } from "../../src/status.js";
import { failure, signalled } from "../helpers/collect.js";
import { GreeterPair, testTransport } from "../helpers/greeter-pair.js";
import { callsOfEachKind, refusingGreeter } from "../helpers/refusing-greeter.js";

const secret = "the password is swordfish";

describe("a handler that fails on purpose", () => {
  it("chooses status and message of each kind of call", async () => {
    const refuse = (): never => {
      throw new RpcError(Status.NOT_FOUND, "nobody of that name");
    };
    const { client } = await GreeterPair.start({ implementation: refusingGreeter(refuse) });
    for (const error of await Promise.all(callsOfEachKind(client).map(failure))) {
      expect(error).toMatchObject({
        status: Status.NOT_FOUND,
        code: "ERR_RPC_NOT_FOUND",
        message: "NOT_FOUND: nobody of that name",
        rawMessage: "nobody of that name",
      });
    }
  });

  it("is not the end of the story: the error says which method was called", async () => {
    const refuse = (): never => {
      throw new RpcError(Status.NOT_FOUND, "nobody of that name");
    };
    const { client } = await GreeterPair.start({ implementation: refusingGreeter(refuse) });
    const errors = await Promise.all(callsOfEachKind(client).map(failure));
    expect(errors.map(({ method }) => method)).toEqual([
      "hello.v1.GreeterService/SayHello",
      "hello.v1.GreeterService/SayManyHellos",
      "hello.v1.GreeterService/CollectHellos",
      "hello.v1.GreeterService/Chat",
    ]);
    expect(new RpcError(Status.NOT_FOUND, "of no call").method).toBeUndefined();
  });

  it("says which method was called also when the failure is of this side", async () => {
    const never = () => new Promise<never>(() => {});
    const { client } = await GreeterPair.start({ implementation: { sayHello: never } });
    const late = await failure(client.sayHello({ name: "x" }, { timeoutMs: 1 }));
    const left = await failure(client.sayHello({ name: "x" }, { signal: AbortSignal.abort() }));
    const unfit = await failure(client.sayManyHellos({ name: "x", count: -1 }));
    expect([late, left, unfit].map(({ status, method }) => [status, method])).toEqual([
      [Status.DEADLINE_EXCEEDED, "hello.v1.GreeterService/SayHello"],
      [Status.CANCELLED, "hello.v1.GreeterService/SayHello"],
      [Status.INVALID_ARGUMENT, "hello.v1.GreeterService/SayManyHellos"],
    ]);
  });

  it("sends a trailer with its status", async () => {
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: (_, { responseTrailer }) => {
          responseTrailer.set("retry-after", "5");
          throw new RpcError(Status.UNAVAILABLE, "later");
        },
      },
    });
    let after: string | undefined;
    const error = await failure(
      client.sayHello({ name: "x" }, { onTrailer: (trailer) => (after = trailer.get("retry-after")) }),
    );
    expect(error).toMatchObject({ status: Status.UNAVAILABLE, rawMessage: "later" });
    expect(after).toBe("5");
  });

  it("yields what it had before it failed", async () => {
    const { client } = await GreeterPair.start({
      implementation: {
        async *sayManyHellos() {
          yield { greeting: "first" };
          throw new RpcError(Status.DATA_LOSS, "the rest is gone");
        },
      },
    });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { greeting } of client.sayManyHellos({ name: "x" })) seen.push(greeting);
    })();
    expect(await failure(reading)).toMatchObject({ status: Status.DATA_LOSS });
    expect(seen).toEqual(["first"]);
  });

  it("keeps text with any characters whole", async () => {
    const text = "snow ☃, 100 %, \n new line, \ud800 alone";
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: () => {
          throw new RpcError(Status.ABORTED, text);
        },
      },
    });
    expect((await failure(client.sayHello({ name: "x" }))).rawMessage).toBe(text.toWellFormed());
  });
});

// IN-15: whatever user code does, the caller gets a status without text, and the process lives.
describe("a handler that fails by accident", () => {
  const accidents: Record<string, () => never> = {
    "throws an Error": () => {
      throw new Error(secret);
    },
    "throws a string": () => {
      throw secret;
    },
    "throws undefined": () => {
      throw undefined;
    },
    "throws an object with a status of its own": () => {
      throw { code: 5, status: 5, details: secret, message: secret };
    },
  };
  for (const [what, accident] of Object.entries(accidents)) {
    it(`${what}: INTERNAL without text`, async () => {
      const { client, log } = await GreeterPair.start({
        implementation: {
          sayHello: accident,
          collectHellos: async () => accident(),
          async *sayManyHellos() {
            yield { greeting: "first" };
            accident();
          },
        },
      });
      const calls = [client.sayHello({ name: "x" }), client.collectHellos([]), client.sayManyHellos({ name: "x" })];
      for (const error of await Promise.all(calls.map(failure))) {
        expect(error).toMatchObject({ status: Status.INTERNAL, code: "ERR_RPC_INTERNAL" });
        const reference = /^internal error \(reference ([0-9a-f]{12})\)$/.exec(error.rawMessage)?.[1];
        const record = await log.find((each) => each.reference === reference);
        expect(record).toMatchObject({ level: "error", code: "ERR_HANDLER_FAILED", status: "INTERNAL" });
      }
      expect(JSON.stringify(log.records)).not.toContain("swordfish");
    });
  }

  it("returns nothing: INTERNAL", async () => {
    const { client, log } = await GreeterPair.start({
      // A JavaScript user has no compiler to stop this.
      implementation: { sayHello: (() => undefined) as never, sayManyHellos: (() => 42) as never },
    });
    expect(await failure(client.sayHello({ name: "x" }))).toMatchObject({ status: Status.INTERNAL });
    expect(await failure(client.sayManyHellos({ name: "x" }))).toMatchObject({ status: Status.INTERNAL });
    await log.find((record) => record.code === "ERR_HANDLER_RESULT");
  });

  it("gives a field a value of another type: the log has the field, nobody has the value", async () => {
    const { client, log } = await GreeterPair.start({
      implementation: { collectHellos: () => ({ greeting: "x", count: secret as never }) },
    });
    const error = await failure(client.collectHellos([]));
    expect(error).toMatchObject({ status: Status.INTERNAL, code: "ERR_RPC_INTERNAL" });
    const record = await log.find((each) => each.code === "ERR_HANDLER_RESULT");
    expect(record.reason).toBe(
      "the handler of /hello.v1.GreeterService/CollectHellos gave a hello.v1.CollectHellosResponse in which hello.v1.CollectHellosResponse.count has a value of another type",
    );
    expect(JSON.stringify([log.records, error.message])).not.toContain("swordfish");
  });

  it("passes nothing on of what a server of its own told it", async () => {
    const upstream = await GreeterPair.start({
      implementation: {
        sayHello: () => {
          throw new RpcError(Status.PERMISSION_DENIED, secret);
        },
      },
    });
    const { client } = await GreeterPair.start({
      implementation: { sayHello: (request) => upstream.client.sayHello({ name: request.name }) },
    });
    const error = await failure(client.sayHello({ name: "x" }));
    expect(error.status).toBe(Status.INTERNAL);
    expect(error.message).not.toContain("swordfish");
  });
});

describe("what JavaScript lets pass", () => {
  it("an RpcError without text, with a number as text, or with a status that is none", async () => {
    const errors: unknown[] = [[Status.NOT_FOUND], [Status.NOT_FOUND, 42], [99, "x"], [0, "x"]].map((args) =>
      Reflect.construct(RpcError, args),
    );
    const { client } = await GreeterPair.start({
      implementation: {
        sayManyHellos: ({ count }) => {
          throw errors[count];
        },
      },
    });
    const heard = [];
    for (const count of errors.keys()) heard.push(await failure(client.sayManyHellos({ name: "x", count })));
    expect(heard.map(({ status, rawMessage }) => [status, rawMessage])).toEqual([
      [Status.NOT_FOUND, ""],
      [Status.NOT_FOUND, "42"],
      [Status.UNKNOWN, "x"],
      [Status.UNKNOWN, "x"],
    ]);
  });

  it("an async function where a generator belongs", async () => {
    const { client } = await GreeterPair.start({
      implementation: {
        sayManyHellos: (async () => {
          throw new Error("swordfish");
        }) as never,
      },
    });
    expect(await failure(client.sayManyHellos({ name: "x" }))).toMatchObject({ status: Status.INTERNAL });
  });

  it("an async callback that rejects", async () => {
    const cause = new Error("late");
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: async (_, context) => {
          context.responseHeader.set("x", "y");
          context.sendHeader();
          return new Promise(() => {});
        },
      },
    });
    const onHeader = async () => {
      throw cause;
    };
    expect(await failure(client.sayHello({ name: "x" }, { onHeader }))).toMatchObject({
      status: Status.CANCELLED,
      cause,
    });
  });
});

describe("generators are told when they are no longer wanted", () => {
  it("a handler's, when what it yielded cannot be sent", async () => {
    const cleanedUp = signalled();
    const { client } = await GreeterPair.start({
      server: { maxMessageBytes: 100 },
      implementation: {
        async *sayManyHellos() {
          try {
            for (;;) yield { greeting: "x".repeat(200) };
          } finally {
            cleanedUp.resolve();
          }
        },
      },
    });
    expect(await failure(client.sayManyHellos({ name: "x" }))).toMatchObject({ status: Status.RESOURCE_EXHAUSTED });
    await cleanedUp.promise;
  });

  it("a client's, when the server has answered without waiting for the rest", async () => {
    const left = signalled();
    const { client } = await GreeterPair.start({
      implementation: { collectHellos: async () => ({ greeting: "enough", count: 0 }) },
    });
    const endless = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => {}),
        return: async () => {
          left.resolve();
          return { value: undefined, done: true as const };
        },
      }),
    };
    expect((await client.collectHellos(endless)).greeting).toBe("enough");
    await left.promise;
  });
});

describe("a stream of responses", () => {
  it("may be asked for several at once, as a generator may", async () => {
    const { client } = await GreeterPair.start();
    const responses = client.sayManyHellos({ name: "x", count: 2 })[Symbol.asyncIterator]();
    const results = await Promise.all([responses.next(), responses.next(), responses.next(), responses.next()]);
    expect(results.map(({ done, value }) => [done, value?.greeting.slice(-1)])).toEqual([
      [false, "1"],
      [false, "2"],
      [true, undefined],
      [true, undefined],
    ]);
  });

  it("is at its end after it was left", async () => {
    const { client } = await GreeterPair.start();
    const responses = client.sayManyHellos({ name: "x", count: 5 })[Symbol.asyncIterator]();
    await responses.next();
    await responses.return?.();
    expect(await responses.next()).toEqual({ value: undefined, done: true });
  });
});

describe("a call that a handler makes, and lets fail", () => {
  it("says nothing of why there was no connection, nor that it was not this caller who failed", async () => {
    const nobody = new GreeterPair();
    const stranger = await GreeterPair.start();
    const small = await GreeterPair.start();
    const clients = {
      "no socket": nobody.newClient(),
      "not pinned": stranger.strangerClient("spiffe://local.test/unknown", { pinned: false }),
      "too large": small.newClient({ maxMessageBytes: 10 }),
    };
    for (const [what, nested] of Object.entries(clients)) {
      const { client } = await GreeterPair.start({
        implementation: { sayHello: () => nested.sayHello({ name: "a name of more than ten bytes" }) },
      });
      const error = await failure(client.sayHello({ name: "x" }));
      expect([Status.UNAVAILABLE, Status.INTERNAL], what).toContain(error.status);
      expect(error.rawMessage, what).toMatch(/^(a nested call failed|internal error) \(reference [0-9a-f]{12}\)$/);
    }
  });

  it("does not make the caller unauthenticated", async () => {
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: () => {
          throw new PeerError("ERR_NOT_PINNED", "somebody else is not pinned");
        },
      },
    });
    expect(await failure(client.sayHello({ name: "x" }))).toMatchObject({ status: Status.INTERNAL });
  });

  it("keeps the words of a handler that chooses DEADLINE_EXCEEDED itself", async () => {
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: () => {
          throw new RpcError(Status.DEADLINE_EXCEEDED, "the printer took too long");
        },
      },
    });
    expect((await failure(client.sayHello({ name: "x" }))).rawMessage).toBe("the printer took too long");
  });
});

describe("a logger that throws", () => {
  it("decides about nothing", async () => {
    const broken = (): never => {
      throw new Error("disk full");
    };
    const logger = { debug: broken, info: broken, warn: broken, error: broken, isLevelEnabled: broken };
    const { client } = await GreeterPair.start({ server: { logger }, client: { logger } });
    expect((await client.sayHello({ name: "Ada" })).greeting).toContain("Ada");
  });
});

describe("a client that fails", () => {
  it("ends the call when its iterable of requests throws", async () => {
    const arrived = signalled();
    const ended = signalled<unknown>();
    const { client } = await GreeterPair.start({
      implementation: {
        async collectHellos(requests) {
          try {
            for await (const { name } of requests) if (name === "x") arrived.resolve();
          } catch (error) {
            ended.resolve(error);
          }
          return { greeting: "", count: 0 };
        },
      },
    });
    const cause = new Error("no more names");
    async function* names() {
      yield { name: "x" };
      await arrived.promise;
      throw cause;
    }
    expect(await failure(client.collectHellos(names()))).toMatchObject({ status: Status.CANCELLED, cause });
    expect(await ended.promise).toMatchObject({ status: Status.CANCELLED });
  });

  it("is told what is wrong with a request before anything is sent", async () => {
    const { client } = await GreeterPair.start();
    const error = await failure(client.sayManyHellos({ name: "x", count: -1 }));
    expect(error).toMatchObject({ status: Status.INVALID_ARGUMENT, code: "ERR_MESSAGE_MALFORMED" });
    expect(error.rawMessage).toMatch(/^the request cannot be encoded: .*count/);
  });

  it("is told when its requests are not iterable", async () => {
    const { client } = await GreeterPair.start();
    const error = await failure(client.collectHellos(42 as never));
    expect(error).toMatchObject({ status: Status.CANCELLED, cause: { code: "ERR_NOT_ITERABLE" } });
  });

  it("ends the call, not the process, when a callback throws", async () => {
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: (_, { responseHeader }) => {
          responseHeader.set("x", "y");
          return { greeting: "" };
        },
      },
    });
    const cause = new Error("callback");
    const onHeader = () => {
      throw cause;
    };
    expect(await failure(client.sayHello({ name: "x" }, { onHeader }))).toMatchObject({
      status: Status.CANCELLED,
      cause,
    });
  });
});

describe("message sizes", () => {
  const limit = 10_000;
  const text = (bytes: number) => "x".repeat(bytes - 3);

  it("lets a message of exactly the limit pass, both ways", async () => {
    const { client } = await GreeterPair.start({
      server: { maxMessageBytes: limit },
      client: { maxMessageBytes: limit },
      implementation: { sayHello: ({ name }) => ({ greeting: name }) },
    });
    expect((await client.sayHello({ name: text(limit) })).greeting).toHaveLength(limit - 3);
  });

  it("refuses to send a request over the limit", async () => {
    const { client } = await GreeterPair.start({ client: { maxMessageBytes: limit } });
    expect(await failure(client.sayHello({ name: text(limit + 1) }))).toMatchObject({
      status: Status.RESOURCE_EXHAUSTED,
      code: "ERR_MESSAGE_TOO_LARGE",
      rawMessage: "the request has 10001 bytes, the limit is 10000 (maxMessageBytes)",
    });
  });

  it("refuses to accept a request over the limit, and the handler never runs", async () => {
    let handled = 0;
    const { client, log } = await GreeterPair.start({
      server: { maxMessageBytes: limit },
      implementation: {
        sayHello: () => {
          handled += 1;
          return { greeting: "" };
        },
      },
    });
    const error = await failure(client.sayHello({ name: text(limit + 1) }));
    expect(error).toMatchObject({ status: Status.RESOURCE_EXHAUSTED });
    expect(error.rawMessage).toContain("maxMessageBytes");
    // On the direct transport the client knows the limit, and does not begin to send.
    if (testTransport === "direct") expect(error.code).toBe("ERR_MESSAGE_TOO_LARGE");
    else expect(await log.find(({ event }) => event === "call")).toMatchObject({ code: "ERR_MESSAGE_TOO_LARGE" });
    expect(handled).toBe(0);
  });

  it("refuses to send and to accept a response over the limit", async () => {
    const implementation = { sayHello: () => ({ greeting: text(limit + 1) }) };
    const small = await GreeterPair.start({ implementation, server: { maxMessageBytes: limit } });
    const refusedByServer = await failure(small.client.sayHello({ name: "x" }));
    expect(refusedByServer).toMatchObject({ status: Status.RESOURCE_EXHAUSTED });
    expect(refusedByServer.rawMessage).toBe("the response has 10001 bytes, the limit is 10000 (maxMessageBytes)");
    const large = await GreeterPair.start({ implementation, client: { maxMessageBytes: limit } });
    const refusedByClient = await failure(large.client.sayHello({ name: "x" }));
    expect(refusedByClient).toMatchObject({ status: Status.RESOURCE_EXHAUSTED });
    if (testTransport === "h2") expect(refusedByClient.code).toBe("ERR_MESSAGE_TOO_LARGE");
    else
      expect(refusedByClient.rawMessage).toBe(
        "the response has 10001 bytes, the other side takes 10000 (maxMessageBytes)",
      );
  });
});
