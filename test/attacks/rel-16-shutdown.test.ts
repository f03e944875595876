// REL-16: SIGTERM under load: calls under way finish, the process exits with 0 and takes its socket with it; a second
// SIGTERM does not wait.
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RpcError } from "../../src/errors.js";
import { Status } from "../../src/status.js";
import { failure, signalled } from "../helpers/collect.js";
import { ExampleWorld } from "../helpers/example-processes.js";
import { startUnruly } from "../helpers/unruly-server.js";

async function setUp() {
  const world = await ExampleWorld.make();
  const server = await world.startServer();
  // As programs have it: over any transport, and with retries.
  const client = await world.newClient({ transports: ["direct", "h2"], serviceConfig: {} });
  return { world, server, client };
}

describe("REL-16: SIGTERM", () => {
  it("lets what is under way finish, then exits with 0 without its socket", async () => {
    const { world, server, client } = await setUp();
    const proceed = signalled();
    async function* names() {
      yield { name: "before" };
      await proceed.promise;
      yield { name: "after" };
    }
    const underWay = client.collectHellos(names());
    let stopped = false;
    const load = Array.from({ length: 8 }, async () => {
      while (!stopped) {
        await client.sayHello({ name: "load" }).catch((error: unknown) => {
          if (!(error instanceof RpcError) || error.status !== Status.UNAVAILABLE) throw error;
          stopped = true;
        });
      }
    });
    await client.sayHello({ name: "x" });
    server.child.kill("SIGTERM");
    await Promise.all(load);
    proceed.resolve();
    expect((await underWay).greeting).toBe("Hello, before and after");
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(existsSync(world.target.slice("unix:".length))).toBe(false);
  });

  it("a second time ends it at once", async () => {
    const { server, client } = await setUp();
    async function* stall() {
      yield { name: "x" };
      await new Promise(() => {});
    }
    const hanging = client.collectHellos(stall()).catch((error: unknown) => error);
    await client.sayHello({ name: "x" });
    server.child.kill("SIGTERM");
    // The first has been taken when no new connection is possible any more.
    for (let refused = false; !refused; ) {
      await client.sayHello({ name: "x" }).catch(() => {
        refused = true;
      });
    }
    server.child.kill("SIGTERM");
    expect(await server.exited).toEqual({ code: 1, signal: null });
    expect(await hanging).toMatchObject({ status: Status.UNAVAILABLE });
  });

  it("ends at the hard limit when a handler ignores it, and tells the caller", async () => {
    const world = await ExampleWorld.make();
    const server = await startUnruly(world);
    const client = await world.newClient();
    const hanging = failure(client.sayHello({ name: "ignore everything" }));
    await server.line((line) => line === "ignoring");
    server.child.kill("SIGTERM");
    expect(await hanging).toMatchObject({ status: Status.UNAVAILABLE, rawMessage: "the server is shutting down" });
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(existsSync(world.target.slice("unix:".length))).toBe(false);
  });
});
