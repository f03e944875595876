// REL-01: a handler that hangs, and ignores that it should stop, costs its caller no more than the deadline.
import { describe, expect, it } from "vitest";
import { Status } from "../../src/status.js";
import { collect, failure, signalled } from "../helpers/collect.js";
import { GreeterPair, type LogRecord } from "../helpers/greeter-pair.js";

describe("REL-01: a handler that hangs", () => {
  it("fails with DEADLINE_EXCEEDED on both sides, and its signal fires", async () => {
    const aborted = signalled<unknown>();
    const pair = await GreeterPair.start({
      implementation: {
        sayHello: (_, { signal }) => {
          signal.addEventListener("abort", () => aborted.resolve(signal.reason));
          return new Promise(() => {});
        },
      },
    });
    // The deadline is to pass in the handler, not while connecting.
    await collect(pair.client.sayManyHellos({ name: "x" }));
    const error = await failure(pair.client.sayHello({ name: "x" }, { timeoutMs: 100 }));
    expect(error).toMatchObject({ status: Status.DEADLINE_EXCEEDED });
    expect(["DEADLINE_EXCEEDED", "CANCELLED"]).toContain((await pair.log.find(isSayHello)).status);
    await aborted.promise;
  });

  it("cannot answer any more once the call is over", async () => {
    const late = signalled();
    const answered = signalled();
    const pair = await GreeterPair.start({
      implementation: {
        sayHello: async ({ name }) => {
          if (name !== "late") return { greeting: name };
          await late.promise;
          queueMicrotask(() => answered.resolve());
          return { greeting: "too late" };
        },
      },
    });
    await collect(pair.client.sayManyHellos({ name: "x" }));
    expect(await failure(pair.client.sayHello({ name: "late" }, { timeoutMs: 50 }))).toMatchObject({
      status: Status.DEADLINE_EXCEEDED,
    });
    late.resolve();
    await answered.promise;
    expect((await pair.client.sayHello({ name: "next" })).greeting).toBe("next");
    expect(pair.log.records.filter(isSayHello)).toHaveLength(2);
  });

  it("does not run at all when its time is up before it begins", async () => {
    let handled = 0;
    const pair = await GreeterPair.start({
      server: {
        interceptors: [
          async (call, next) => {
            // Uses up all the time there is.
            await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
            await next();
          },
        ],
      },
      implementation: {
        sayHello: () => {
          handled += 1;
          return { greeting: "" };
        },
      },
    });
    await failure(pair.client.sayManyHellos({ name: "x" }, { timeoutMs: 500 }));
    await failure(pair.client.sayHello({ name: "x" }, { timeoutMs: 50 }));
    await pair.log.find(isSayHello);
    expect(handled).toBe(0);
  });
});

function isSayHello({ event, method }: LogRecord): boolean {
  return event === "call" && method === "/hello.v1.GreeterService/SayHello";
}
