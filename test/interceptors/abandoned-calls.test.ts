// Handlers that do not listen to their signal: a caller that opens and cancels cannot make more and more of them run.
import { describe, expect, it } from "vitest";
import { AbandonedCalls } from "../../src/interceptors/abandoned-calls.js";
import type { ServerCall } from "../../src/rpc/server-call.js";
import { Status } from "../../src/status.js";
import { failure, signalled } from "../helpers/collect.js";
import { GreeterPair, type PairOptions } from "../helpers/greeter-pair.js";

/** A server whose handler of "deaf" ends when it is told to, whatever its signal says. */
async function startDeaf(server: NonNullable<PairOptions["server"]>) {
  const begun: (() => void)[] = [];
  const waiting: (() => void)[] = [];
  const pair = await GreeterPair.start({
    server,
    implementation: {
      sayHello: async ({ name }) => {
        begun.shift()?.();
        if (name === "deaf") await new Promise<void>((resolve) => waiting.push(resolve));
        return { greeting: name };
      },
    },
  });
  await pair.client.sayHello({ name: "connected" });
  /** Ends a call while its handler runs, and returns when the server knows. */
  const abandon = async () => {
    const before = ended(pair);
    const running = signalled();
    begun.push(() => running.resolve());
    const controller = new AbortController();
    const call = failure(pair.client.sayHello({ name: "deaf" }, { signal: controller.signal }));
    await running.promise;
    controller.abort();
    await call;
    await expect.poll(() => ended(pair)).toBeGreaterThan(before);
  };
  return { pair, abandon, letGo: () => waiting.shift()?.() };
}

const ended = ({ log }: GreeterPair) => log.records.filter(({ event }) => event === "call").length;

const refused = { status: Status.RESOURCE_EXHAUSTED, rawMessage: expect.stringMatching(/^too many calls under way/) };

describe("handlers of calls that have ended", () => {
  it("are as many as a connection may have calls, and leave room when they end", async () => {
    const { pair, abandon, letGo } = await startDeaf({ maxConcurrentStreams: 2 });
    await abandon();
    expect((await pair.client.sayHello({ name: "one is left" })).greeting).toBe("one is left");
    await abandon();
    expect(await failure(pair.client.sayHello({ name: "x" }))).toMatchObject(refused);
    expect(await pair.log.find(({ code }) => code === "ERR_TOO_MANY_CALLS")).toMatchObject({ event: "call" });
    const other = pair.newClient();
    expect((await other.sayHello({ name: "another connection" })).greeting).toBe("another connection");
    letGo();
    await expect.poll(() => pair.client.sayHello({ name: "x" }).then(({ greeting }) => greeting, String)).toBe("x");
    letGo();
  });

  it("keep their place among the calls of their identity", async () => {
    const { pair, abandon, letGo } = await startDeaf({ limits: { maxConcurrentCalls: 1 } });
    await abandon();
    expect(await failure(pair.newClient().sayHello({ name: "x" }))).toMatchObject(refused);
    letGo();
    await expect.poll(() => pair.client.sayHello({ name: "x" }).then(({ greeting }) => greeting, String)).toBe("x");
  });

  it("are bounded for a server as a whole", async () => {
    const calls = new AbandonedCalls({ maxPerConnection: 10, max: 3 });
    const newCall = () => ({ connection: {} }) as ServerCall;
    const enter = (call: ServerCall) => calls.stage(call, async () => {});
    const abandoned = [newCall(), newCall(), newCall()];
    for (const call of abandoned) {
      await enter(call);
      calls.begins(call);
    }
    expect(() => enter(newCall())).toThrow("too many calls under way");
    calls.ends(abandoned[0] as ServerCall);
    await enter(newCall());
  });
});
