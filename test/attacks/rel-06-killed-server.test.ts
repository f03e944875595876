// REL-06: a server that is killed in the middle of a call costs that call, at once; its successor is found by itself.
import { describe, expect, it } from "vitest";
import { createClient } from "../../src/client/client.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { loadCredentials } from "../../src/load-credentials.js";
import { Status } from "../../src/status.js";
import { failure, signalled } from "../helpers/collect.js";
import { ExampleWorld } from "../helpers/example-processes.js";
import { serverId } from "../helpers/identities.js";

async function newClient({ client, target }: ExampleWorld) {
  const credentials = await loadCredentials(client, { watch: false });
  return createClient(GreeterService, { credentials, target, peer: serverId, timeoutMs: 30_000 });
}

async function* stallAfterFirst() {
  yield { name: "first" };
  await new Promise(() => {});
}

describe("REL-06: kill -9 of the server", () => {
  it("in the middle of a stream and of a single answer: UNAVAILABLE, and the successor is found", async () => {
    const world = await ExampleWorld.make();
    const server = await world.startServer();
    await using client = await newClient(world);
    const responses = client.chat(stallAfterFirst())[Symbol.asyncIterator]();
    await responses.next();
    const stream = failure(responses.next());
    const single = failure(client.collectHellos(stallAfterFirst()));
    // Both are with the server once a later call has been answered on the same connection.
    await client.sayHello({ name: "x" });
    server.child.kill("SIGKILL");
    for (const error of await Promise.all([stream, single])) {
      expect(error).toMatchObject({ status: Status.UNAVAILABLE, code: "ERR_CONNECTION_LOST" });
    }
    await server.exited;
    const stale = await failure(client.sayHello({ name: "nobody" }));
    expect(stale).toMatchObject({ status: Status.UNAVAILABLE, cause: { name: "PeerError" } });

    await world.startServer();
    let greeting: string | undefined;
    while (greeting === undefined) {
      greeting = await client.sayHello({ name: "again" }).then(
        (response) => response.greeting,
        () => undefined,
      );
      const turn = signalled();
      setImmediate(turn.resolve);
      await turn.promise;
    }
    expect(greeting).toContain("again");
  });
});
