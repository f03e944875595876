// Many messages that are larger than the credit of their streams, all at once: none is in the way of another for ever.
import { describe, expect, it } from "vitest";
import { GreeterPair } from "../../helpers/greeter-pair.js";

const maxMessageBytes = 2_000_000;
const name = "x".repeat(maxMessageBytes - 100);

describe("forty messages of the largest size at once", () => {
  it("all arrive at the server", async () => {
    const pair = await GreeterPair.start({
      implementation: { sayHello: ({ name: { length } }) => ({ greeting: `${length}` }) },
      server: { maxMessageBytes },
      client: { maxMessageBytes },
    });
    const calls = Array.from({ length: 40 }, () => pair.client.sayHello({ name }, { timeoutMs: 60_000 }));
    for (const { greeting } of await Promise.all(calls)) expect(greeting).toBe(`${name.length}`);
  });

  it("all arrive at the client, though others are cancelled in between", async () => {
    const pair = await GreeterPair.start({
      implementation: { sayHello: () => ({ greeting: name }) },
      server: { maxMessageBytes },
      client: { maxMessageBytes },
    });
    await pair.client.sayHello({ name: "connected" });
    const cancelled = Array.from({ length: 20 }, () => {
      const controller = new AbortController();
      const call = pair.client.sayHello({ name: "x" }, { timeoutMs: 60_000, signal: controller.signal });
      return { controller, ended: call.catch(() => "cancelled") };
    });
    const calls = Array.from({ length: 40 }, () => pair.client.sayHello({ name: "x" }, { timeoutMs: 60_000 }));
    await Promise.race(calls);
    for (const { controller } of cancelled) controller.abort();
    for (const { greeting } of await Promise.all(calls)) expect(greeting.length).toBe(name.length);
    await Promise.all(cancelled.map(({ ended }) => ended));
  });
});
