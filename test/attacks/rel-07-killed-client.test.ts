// REL-07: clients that are killed in the middle of a stream leave nothing behind: no call, no connection, no descriptor.
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow } from "../../src/interceptors/policy.js";
import { loadCredentials } from "../../src/load-credentials.js";
import { createServer } from "../../src/server/server.js";
import { ExampleWorld } from "../helpers/example-processes.js";
import { greeter, RecordingLogger } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";

const rounds = 5;
const clientsPerRound = 2;

describe.skipIf(process.platform !== "linux")("REL-07: kill -9 of clients", () => {
  it("frees calls and descriptors", { timeout: 60_000 }, async () => {
    const world = await ExampleWorld.make();
    const log = new RecordingLogger();
    await using server = createServer({
      credentials: await loadCredentials(world.server, { watch: false }),
      policy: [allow(GreeterService, clientId)],
      logger: log,
    });
    let open = 0;
    server.service(GreeterService, {
      ...greeter,
      async *sayManyHellos({ name }) {
        open += 1;
        try {
          for (let i = 0; ; i++) yield { greeting: `${name} ${i}` };
        } finally {
          open -= 1;
        }
      },
    });
    await server.listen(world.target);

    const descriptors = () => readdirSync("/proc/self/fd").length;
    let before = 0;
    for (let round = 0; round <= rounds; round++) {
      const clients = Array.from({ length: clientsPerRound }, () =>
        world.startClient("--kind", "server", "--count", "1000000"),
      );
      await Promise.all(clients.map((client) => client.line(() => true)));
      expect(open).toBe(clientsPerRound);
      for (const client of clients) client.child.kill("SIGKILL");
      await Promise.all(clients.map((client) => client.exited));
      const ended = (round + 1) * clientsPerRound;
      let seen = 0;
      await log.find(({ event }) => event === "call" && ++seen === ended);
      // The first round pays for what is loaded once.
      if (round === 0) before = descriptors();
    }
    expect(open).toBe(0);
    expect(descriptors()).toBeLessThanOrEqual(before);
    expect(log.records.every(({ status }) => status === "CANCELLED" || status === "UNAVAILABLE")).toBe(true);
  });
});
