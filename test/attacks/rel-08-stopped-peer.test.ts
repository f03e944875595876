// REL-08: a server that is stopped (SIGSTOP) costs its callers no more than their deadline; keepalive finds out when nobody
// else does; and when it goes on, so do they.
import { describe, expect, it, onTestFinished } from "vitest";
import { createClient } from "../../src/client/client.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { loadCredentials } from "../../src/load-credentials.js";
import { Status } from "../../src/status.js";
import { failure } from "../helpers/collect.js";
import { ExampleWorld, type Program } from "../helpers/example-processes.js";
import { testTransport } from "../helpers/greeter-pair.js";
import { serverId } from "../helpers/identities.js";
import { lowClient } from "../helpers/low-calls.js";
import { allStopped } from "../helpers/stopped.js";

async function start() {
  const world = await ExampleWorld.make();
  const server = await world.startServer();
  const credentials = await loadCredentials(world.client, { watch: false });
  return { world, server, credentials };
}

async function stop({ child }: Program): Promise<void> {
  child.kill("SIGSTOP");
  await allStopped(child.pid);
}

describe.skipIf(process.platform !== "linux")("REL-08: SIGSTOP of the server", () => {
  it("while a call is under way: its deadline ends it, and after SIGCONT the next is served", async () => {
    const { world, server, credentials } = await start();
    const options = { credentials, target: world.target, peer: serverId, transports: [testTransport] };
    const client = createClient(GreeterService, { ...options, timeoutMs: 20_000 });
    onTestFinished(() => client.close());
    expect((await client.sayHello({ name: "before" })).greeting).toContain("before");
    await stop(server);
    const stopped = failure(client.sayHello({ name: "stopped" }, { timeoutMs: 200 }));
    expect(await stopped).toMatchObject({ status: Status.DEADLINE_EXCEEDED, code: "ERR_RPC_DEADLINE_EXCEEDED" });
    server.child.kill("SIGCONT");
    expect((await client.sayHello({ name: "after" })).greeting).toContain("after");
  });

  it("with deadlines far away: keepalive ends the calls, and after SIGCONT the next is served", async () => {
    const { world, server, credentials } = await start();
    const keepalive = { keepaliveTimeMs: 100, keepaliveTimeoutMs: 1_000 };
    const client = lowClient({ credentials, target: world.target, transports: [testTransport], ...keepalive });
    expect(await client.sayHello("before")).toContain("before");
    const begin = async () => {
      const responses = client.sayManyHellos("stream", 1_000_000, 600_000)[Symbol.asyncIterator]();
      await responses.next();
      return async () => {
        while (!(await responses.next()).done);
      };
    };
    const reads = await Promise.all([begin(), begin()]);
    await stop(server);
    for (const error of await Promise.all(reads.map((read) => failure(read())))) {
      expect(error).toMatchObject({ status: Status.UNAVAILABLE, code: "ERR_CONNECTION_LOST" });
    }
    server.child.kill("SIGCONT");
    expect(await client.sayHello("after", 20_000)).toContain("after");
  });

  it("before the first call: connecting has its own time, and after SIGCONT the next is served", async () => {
    const { world, server, credentials } = await start();
    await stop(server);
    const client = lowClient({
      ...{ credentials, target: world.target, transports: [testTransport] },
      handshakeTimeoutMs: 100,
    });
    const error = await failure(client.sayHello("stopped", 600_000));
    expect(error).toMatchObject({ status: Status.UNAVAILABLE, code: "ERR_HANDSHAKE_TIMEOUT" });
    expect(error.rawMessage).toBe("the peer did not finish the handshake within 100 ms");
    server.child.kill("SIGCONT");
    for (;;) {
      // Until the backoff has passed calls fail at once, with the same reason.
      const greeting = await client.sayHello("after").catch(() => undefined);
      if (greeting !== undefined) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
});
