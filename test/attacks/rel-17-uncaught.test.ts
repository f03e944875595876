// REL-17: what user code throws outside of its calls ends the process, whole and at once, and its successor takes over;
// or the process says goodbye first, as docs/containment.md shows. Never is there half a server.
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Status } from "../../src/status.js";
import { failure, signalled } from "../helpers/collect.js";
import { ExampleWorld } from "../helpers/example-processes.js";
import { startUnruly } from "../helpers/unruly-server.js";

const accidents = ["a timer that throws", "a promise that nobody awaits"] as const;

async function setUp(policy: "nothing" | "drain") {
  const world = await ExampleWorld.make();
  const server = await startUnruly(world, policy);
  return { world, server, client: await world.newClient() };
}

describe("REL-17: an exception that nobody catches", () => {
  for (const accident of accidents) {
    it(`${accident}: the process ends, its callers hear it, a successor serves`, async () => {
      const { world, server, client } = await setUp("nothing");
      expect(await failure(client.sayHello({ name: accident }))).toMatchObject({
        status: Status.UNAVAILABLE,
        code: "ERR_CONNECTION_LOST",
      });
      expect(await server.exited).toEqual({ code: 1, signal: null });
      await startUnruly(world);
      // The client may wait a moment before it connects again.
      expect((await client.sayHello({ name: "hello" }, { waitForReady: true })).greeting).toBe("hello");
    });

    it(`${accident}, when the process drains first: what is under way ends well, nothing new begins`, async () => {
      const { world, server, client } = await setUp("drain");
      const proceed = signalled();
      const begun = signalled();
      async function* names() {
        yield { name: "before" };
        begun.resolve();
        await proceed.promise;
        yield { name: "after" };
      }
      const underWay = client.collectHellos(names());
      await begun.promise;
      expect((await client.sayHello({ name: "hello" })).greeting).toBe("hello");
      const culprit = failure(client.sayHello({ name: accident }));
      while (existsSync(world.target.slice("unix:".length))) await new Promise((resolve) => setImmediate(resolve));
      proceed.resolve();
      expect((await underWay).count).toBe(2);
      expect(await culprit).toMatchObject({ status: Status.UNAVAILABLE });
      expect(await server.exited).toEqual({ code: 70, signal: null });
    });
  }
});
