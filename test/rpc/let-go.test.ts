// A call that is over holds on to nothing that lives longer: who makes thousands under one signal must not pile them up.
import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { RpcError } from "../../src/errors.js";
import type { Call } from "../../src/rpc/call.js";
import { Status } from "../../src/status.js";
import { collect, failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";

describe("a call that is over", () => {
  it("has taken its listener off the caller's signal, however it ended", async () => {
    const { client } = await GreeterPair.start({
      implementation: {
        collectHellos: () => {
          throw new RpcError(Status.NOT_FOUND, "nobody of that name");
        },
      },
    });
    const { signal } = new AbortController();
    await client.sayHello({ name: "x" }, { signal });
    await collect(client.sayManyHellos({ name: "x", count: 2 }, { signal }));
    expect(await failure(client.collectHellos([], { signal }))).toMatchObject({ status: Status.NOT_FOUND });
    for await (const _ of client.sayManyHellos({ name: "x", count: 1_000 }, { signal })) break;
    while (getEventListeners(signal, "abort").length > 0) await new Promise(setImmediate);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("has taken its listener off the call that made it", async () => {
    const upstream = await GreeterPair.start();
    let held = 0;
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: async (_, context) => {
          const call = context as unknown as Call;
          const { whenAborted, forget } = call;
          call.whenAborted = (listener) => {
            held += 1;
            whenAborted.call(call, listener);
          };
          call.forget = (listener) => {
            held -= 1;
            forget.call(call, listener);
          };
          for (let i = 0; i < 3; i++) await upstream.client.sayHello({ name: "inner" });
          return { greeting: String(held) };
        },
      },
    });
    // The channel of the inner client was made first, so that the outer call is known to be its parent.
    await upstream.client.sayHello({ name: "x" });
    expect((await client.sayHello({ name: "outer" })).greeting).toBe("0");
  });
});
