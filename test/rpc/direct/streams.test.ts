// Many streams on one connection: as many as the server takes, each at its own pace.
import { describe, expect, it } from "vitest";
import { fixedLimits } from "../../../src/rpc/direct/limits.js";
import { Status } from "../../../src/status.js";
import { collect, failure, signalled } from "../../helpers/collect.js";
import { aliveAfterGarbage } from "../../helpers/collect-garbage.js";
import { GreeterPair } from "../../helpers/greeter-pair.js";
import { Relay } from "../../helpers/relay.js";
import { pathOf } from "../../helpers/servers.js";

describe("a connection", () => {
  it("carries 1,000 streams at once; the 1,001st waits its turn", async () => {
    let open = 0;
    let most = 0;
    const full = signalled();
    const first = signalled();
    const rest = signalled();
    const pair = await GreeterPair.start({
      implementation: {
        async *chat(requests) {
          open += 1;
          most = Math.max(most, open);
          try {
            for await (const { name } of requests) yield { greeting: name };
          } finally {
            open -= 1;
          }
        },
        sayHello: ({ name }) => ({ greeting: `${name} beside ${open}` }),
      },
    });
    const relay = await Relay.start(pathOf(pair));
    const client = pair.newClient({ target: relay.target, timeoutMs: 60_000 });
    let begun = 0;
    const chats = Array.from({ length: 1_000 }, async (_, i) => {
      async function* requests() {
        yield { name: `first ${i}` };
        await (i === 0 ? first : rest).promise;
        yield { name: `last ${i}` };
      }
      const greetings: string[] = [];
      for await (const { greeting } of client.chat(requests())) {
        greetings.push(greeting);
        if (greetings.length === 1 && ++begun === 1_000) full.resolve();
      }
      expect(greetings).toEqual([`first ${i}`, `last ${i}`]);
    });
    await full.promise;
    expect(open).toBe(1_000);

    let answered = false;
    const waiting = client.sayHello({ name: "Ada" }).then(({ greeting }) => {
      answered = true;
      return greeting;
    });
    const impatient = await failure(client.sayHello({ name: "x" }, { timeoutMs: 100 }));
    expect(impatient).toMatchObject({ status: Status.DEADLINE_EXCEEDED });
    expect(answered).toBe(false);
    first.resolve();
    expect(await waiting).toBe("Ada beside 999");
    rest.resolve();
    await Promise.all(chats);
    expect(most).toBe(1_000);
    expect(relay.lines.all).toHaveLength(1);
  });

  it("forgets calls that were cancelled while they waited for room", async () => {
    const began = signalled();
    const { client } = await GreeterPair.start({
      server: { maxConcurrentStreams: 1 },
      implementation: {
        sayHello: () => {
          began.resolve();
          return new Promise(() => {});
        },
      },
    });
    const hanging = new AbortController();
    const hangs = failure(client.sayHello({ name: "x" }, { signal: hanging.signal }));
    await began.promise;
    const abandon = async () => {
      const cancel = new AbortController();
      const options = { signal: cancel.signal };
      const waits = failure(client.sayHello({ name: "x" }, options));
      cancel.abort();
      await waits;
      return new WeakRef<object>(options);
    };
    const references: WeakRef<object>[] = [];
    for (let i = 0; i < 100; i++) references.push(await abandon());
    expect(await aliveAfterGarbage(references)).toBe(0);
    hanging.abort();
    await hangs;
  });

  it("goes on for others while one reader is slow, in both directions", async () => {
    const proceed = signalled();
    const large = "x".repeat(64 * 1024);
    let yielded = 0;
    let sent = 0;
    const { client } = await GreeterPair.start({
      implementation: {
        async *sayManyHellos({ count }) {
          for (; yielded < count; yielded++) yield { greeting: large };
        },
        async collectHellos(requests) {
          await proceed.promise;
          return { greeting: "", count: (await collect(requests)).length };
        },
      },
    });
    const responses = client.sayManyHellos({ name: "x", count: 200 })[Symbol.asyncIterator]();
    await responses.next();
    function* requests() {
      for (; sent < 200; sent++) yield { name: large };
    }
    const collected = client.collectHellos(requests());
    for (let i = 0; i < 500; i++) await client.sayHello({ name: "Ada" });
    // Those in the window, the one that waits for credit, the one that was read, and the next.
    const most = fixedLimits.streamWindowBytes / large.length + 3;
    expect(yielded).toBeLessThan(most);
    expect(sent).toBeLessThan(most);
    proceed.resolve();
    expect((await collected).count).toBe(200);
    expect(await collect({ [Symbol.asyncIterator]: () => responses })).toHaveLength(199);
  });

  it("lets small calls through while large streams run both ways", async () => {
    const large = "x".repeat(1024 * 1024);
    let stop = false;
    const { client } = await GreeterPair.start({
      implementation: {
        async *sayManyHellos() {
          while (!stop) yield { greeting: large };
        },
        async collectHellos(requests) {
          let count = 0;
          for await (const _ of requests) count += 1;
          return { greeting: "", count };
        },
      },
    });
    function* requests() {
      while (!stop) yield { name: large };
    }
    const down = collect(mapped(client.sayManyHellos({ name: "x" }, { timeoutMs: 60_000 })));
    const up = client.collectHellos(requests(), { timeoutMs: 60_000 });
    for (let i = 0; i < 100; i++) await client.sayHello({ name: "Ada" });
    stop = true;
    expect((await up).count).toBeGreaterThan(0);
    expect((await down).every((length) => length === large.length)).toBe(true);
  });
});

async function* mapped(responses: AsyncIterable<{ greeting: string }>) {
  for await (const { greeting } of responses) yield greeting.length;
}
