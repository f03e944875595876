import { describe, expect, it } from "vitest";
import { collect, signalled } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";

const chunk = "x".repeat(64 * 1024);

// Written as much as the windows of HTTP/2, of the sockets and of ours hold; then nothing until somebody reads.
const plenty = 1_000;

describe("backpressure", () => {
  it("stops a handler whose caller does not read", async () => {
    let made = 0;
    const stalled = signalled();
    const { client } = await GreeterPair.start({
      implementation: {
        async *sayManyHellos({ count }) {
          for (; made < count; made++) {
            if (made === 2) stalled.resolve();
            yield { greeting: chunk };
          }
        },
      },
    });
    const responses = client.sayManyHellos({ name: "x", count: plenty })[Symbol.asyncIterator]();
    await responses.next();
    await stalled.promise;
    // Other calls get through meanwhile, many times over, without the stream moving on.
    for (let i = 0; i < 50; i++) await client.sayHello({ name: "quick" });
    expect(made).toBeLessThan(plenty / 2);
    let rest = 1;
    while (!(await responses.next()).done) rest += 1;
    expect(rest).toBe(plenty);
    expect(made).toBe(plenty);
  });

  it("lets others through beside a handler that yields empty messages without end", async () => {
    const { client } = await GreeterPair.start({
      implementation: {
        async *sayManyHellos() {
          for (;;) yield { greeting: "" };
        },
      },
    });
    const responses = client.sayManyHellos({ name: "x" })[Symbol.asyncIterator]();
    await responses.next();
    for (let i = 0; i < 20; i++) await client.sayHello({ name: "quick" });
    await responses.return?.();
  });

  it("stops a client whose server does not read", async () => {
    let made = 0;
    const stalled = signalled();
    const proceed = signalled();
    const { client } = await GreeterPair.start({
      implementation: {
        async collectHellos(requests) {
          await proceed.promise;
          return { greeting: "", count: (await collect(requests)).length };
        },
      },
    });
    async function* names() {
      for (; made < plenty; made++) {
        if (made === 2) stalled.resolve();
        yield { name: chunk };
      }
    }
    const call = client.collectHellos(names());
    await stalled.promise;
    for (let i = 0; i < 50; i++) await client.sayHello({ name: "quick" });
    expect(made).toBeLessThan(plenty / 2);
    proceed.resolve();
    expect((await call).count).toBe(plenty);
  });
});
