// Stages of a client may wait for something, such as a token, before there is a stream; its reader does not know that.
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { RpcError } from "../../src/errors.js";
import { Status } from "../../src/status.js";
import { collect, failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";

describe("an interceptor that waits before the call has a stream", () => {
  const requests = [{ name: "Ada" }, { name: "Bob" }];

  it("holds up the responses, no matter when they are asked for", async () => {
    const pair = await GreeterPair.start({
      client: {
        interceptors: [
          async (_call, next) => {
            await setImmediate();
            await next();
          },
        ],
      },
    });
    expect(await collect(pair.client.sayManyHellos({ name: "Ada", count: 2 }))).toHaveLength(2);
    expect(await collect(pair.client.chat(requests))).toHaveLength(2);
    expect(await pair.client.collectHellos(requests)).toMatchObject({ count: 2 });
    // Later calls find everything loaded and connected.
    expect(await collect(pair.client.sayManyHellos({ name: "Ada", count: 2 }))).toHaveLength(2);
  });

  it("fails the call that it refuses, and who waits for a response hears it", async () => {
    const pair = await GreeterPair.start({
      client: {
        interceptors: [
          async () => {
            await setImmediate();
            throw new RpcError(Status.FAILED_PRECONDITION, "not today");
          },
        ],
      },
    });
    for (let i = 0; i < 2; i++) {
      const responses = collect(pair.client.sayManyHellos({ name: "Ada", count: 2 }));
      expect(await failure(responses)).toMatchObject({ status: Status.FAILED_PRECONDITION, rawMessage: "not today" });
    }
  });

  it("does not outlive the deadline, nor the caller's patience", async () => {
    const pair = await GreeterPair.start({ client: { interceptors: [() => new Promise(() => {})] } });
    const late = collect(pair.client.sayManyHellos({ name: "Ada", count: 2 }, { timeoutMs: 20 }));
    expect(await failure(late)).toMatchObject({ status: Status.DEADLINE_EXCEEDED });
    const abort = new AbortController();
    const cancelled = failure(collect(pair.client.sayManyHellos({ name: "Ada", count: 2 }, { signal: abort.signal })));
    abort.abort();
    expect(await cancelled).toMatchObject({ status: Status.CANCELLED });
  });
});
