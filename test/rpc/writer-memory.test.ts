// Whoever writes holds no more than the windows, however slow the reader is and however much was written.
import { describe, expect, it, onTestFinished } from "vitest";
import { createClient } from "../../src/client/client.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow } from "../../src/interceptors/policy.js";
import { loadCredentials } from "../../src/load-credentials.js";
import { createServer } from "../../src/server/server.js";
import { ExampleWorld } from "../helpers/example-processes.js";
import { greeter, testTransport } from "../helpers/greeter-pair.js";
import { clientId, serverId } from "../helpers/identities.js";
import { MemoryPeer } from "../helpers/memory-peer.js";

const large = 64 * 1024;
const mebibyte = 1024 * 1024;
/** Generous: the windows of a connection, what the sockets hold, what a garbage collection leaves. */
const flat = 48 * mebibyte;

describe("the memory of a writer", () => {
  it("stays flat while readers of its streams sleep", { timeout: 60_000 }, async () => {
    const world = await ExampleWorld.make();
    const server = await MemoryPeer.start("server", world, large);
    const before = await server.held();
    const credentials = await loadCredentials(world.client, { watch: false });
    const options = { credentials, target: world.target, peer: serverId, transports: [testTransport] };
    const client = createClient(GreeterService, { ...options, timeoutMs: 60_000 });
    onTestFinished(() => client.close());
    // Fewer than fill the window of the connection.
    const readers = Array.from({ length: 10 }, () => client.sayManyHellos({ name: "x" })[Symbol.asyncIterator]());
    await Promise.all(readers.map((reader) => reader.next()));
    for (let i = 0; i < 200; i++) await client.sayHello({ name: "others go on" });
    const { messages, bytes } = await server.held();
    expect(bytes - before.bytes).toBeLessThan(flat);
    for (let i = 0; i < 200; i++) await client.sayHello({ name: "others go on" });
    expect((await server.held()).messages).toBe(messages);
    await Promise.all(readers.map((reader) => reader.return?.()));
  });

  it("stays flat while it writes a long stream that is only answered at its end", { timeout: 60_000 }, async () => {
    const world = await ExampleWorld.make();
    const credentials = await loadCredentials(world.server, { watch: false });
    const server = createServer({ credentials, policy: [allow(GreeterService, clientId)] });
    onTestFinished(() => server.close());
    let read = 0;
    server.service(GreeterService, {
      ...greeter,
      async collectHellos(requests) {
        for await (const _ of requests) read += 1;
        return { greeting: "", count: read };
      },
    });
    await server.listen(world.target);
    const writer = await MemoryPeer.start("client", world, large);
    const before = await writer.held();
    while (read < (256 * mebibyte) / large) await new Promise((resolve) => setImmediate(resolve));
    const { bytes } = await writer.held();
    expect(bytes - before.bytes).toBeLessThan(flat);
    const { count, messages } = await writer.stop();
    expect(count).toBe(messages);
  });
});
