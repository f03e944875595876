// IN-15: whatever user code throws, rejects with, or does after the end, a caller of another stack reads a neutral status
// and the server serves on. test/rpc/failures.test.ts has the same with our own client.
import { describe, expect, it } from "vitest";
import { Status } from "../../src/status.js";
import { collect, signalled } from "../helpers/collect.js";
import { type Greeter, GreeterPair } from "../helpers/greeter-pair.js";
import { framed, RawH2Client } from "../helpers/raw-h2-client.js";

const secret = "swordfish";
const neutral = /^internal error \(reference [0-9a-f]{12}\)$/;
const sayHello = "/hello.v1.GreeterService/SayHello";
const sayManyHellos = "/hello.v1.GreeterService/SayManyHellos";

async function callOnce(path: string, implementation: Partial<Greeter>) {
  const pair = await GreeterPair.start({ implementation });
  const raw = await RawH2Client.of(pair);
  const response = await raw.call({ ":path": path }, framed(Buffer.alloc(0)));
  return { pair, response };
}

describe("IN-15: errors of handlers", () => {
  const thrown: Record<string, unknown> = {
    "an Error": new Error(secret),
    "an Error with a gRPC-like code": Object.assign(new Error(secret), { code: 5, details: secret, metadata: {} }),
    "a string": secret,
    undefined: undefined,
    null: null,
    "a frozen object": Object.freeze({ message: secret }),
    "an object whose properties throw": Object.defineProperty({}, "message", {
      get() {
        throw new Error(secret);
      },
    }),
  };
  for (const [what, value] of Object.entries(thrown)) {
    it(`throws ${what}`, async () => {
      const { response, pair } = await callOnce(sayHello, {
        sayHello: () => {
          throw value;
        },
      });
      expect(response).toMatchObject({
        httpStatus: 200,
        status: Status.INTERNAL,
        message: expect.stringMatching(neutral),
      });
      expect(JSON.stringify(pair.log.records)).not.toContain(secret);
      expect(await collect(pair.client.sayManyHellos({ name: "still alive", count: 1 }))).toHaveLength(1);
    });
  }

  it("throws after it has sent something", async () => {
    const { response } = await callOnce(sayManyHellos, {
      async *sayManyHellos() {
        yield { greeting: "sent" };
        throw new Error(secret);
      },
    });
    expect(response).toMatchObject({ status: Status.INTERNAL, message: expect.stringMatching(neutral) });
    expect(response.body.toString()).toContain("sent");
  });

  it("rejects after the call is over, where nobody looks any more", async () => {
    const over = signalled();
    const rejected = signalled();
    const pair = await GreeterPair.start({
      implementation: {
        sayHello: async () => {
          await over.promise;
          setImmediate(rejected.resolve);
          throw new Error(secret);
        },
      },
    });
    // The deadline is to pass in the handler, not while connecting.
    await collect(pair.client.sayManyHellos({ name: "x" }));
    await pair.client.sayHello({ name: "x" }, { timeoutMs: 50 }).catch(() => {});
    over.resolve();
    await rejected.promise;
    expect(await collect(pair.client.sayManyHellos({ name: "still alive", count: 1 }))).toHaveLength(1);
  });

  it("listens to its signal with a function that throws", async () => {
    const pair = await GreeterPair.start({
      implementation: {
        sayHello: (_, { signal }) => {
          signal.onabort = null;
          return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error(secret))));
        },
      },
    });
    await pair.client.sayHello({ name: "x" }, { timeoutMs: 50 }).catch(() => {});
    expect(await collect(pair.client.sayManyHellos({ name: "still alive", count: 1 }))).toHaveLength(1);
  });
});
