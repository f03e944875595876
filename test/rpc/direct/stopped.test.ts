// Peers that stop in the middle of a stream, and those that vanish without a word.
import { describe, expect, it, onTestFinished } from "vitest";
import { createClient } from "../../../src/client/client.js";
import { defaults } from "../../../src/defaults.js";
import { GreeterService } from "../../../src/gen/hello/v1/greeter_pb.js";
import { loadCredentials } from "../../../src/load-credentials.js";
import { DirectServerTransport } from "../../../src/rpc/direct/direct-server-transport.js";
import { fixedLimits } from "../../../src/rpc/direct/limits.js";
import type { Outcome } from "../../../src/rpc/transport.js";
import { Status } from "../../../src/status.js";
import { protocols } from "../../../src/transport/protocols.js";
import { createSecureListener } from "../../../src/transport/secure-listener.js";
import { failure, signalled } from "../../helpers/collect.js";
import { ExampleWorld } from "../../helpers/example-processes.js";
import { GreeterPair } from "../../helpers/greeter-pair.js";
import { serverId } from "../../helpers/identities.js";
import { directions, Relay } from "../../helpers/relay.js";
import { sentOnce } from "../../helpers/sent-once.js";
import { allStopped } from "../../helpers/stopped.js";
import { tempAddress } from "../../helpers/temp-socket.js";

describe.skipIf(process.platform !== "linux")("a server that is stopped (SIGSTOP)", () => {
  async function start() {
    const world = await ExampleWorld.make();
    const server = await world.startServer();
    const credentials = await loadCredentials(world.client, { watch: false });
    const options = { credentials, target: world.target, peer: serverId, transports: ["direct"] } as const;
    const client = createClient(GreeterService, { ...options, timeoutMs: 20_000 });
    onTestFinished(() => client.close());
    const stop = async () => {
      server.child.kill("SIGSTOP");
      await allStopped(server.child.pid);
    };
    return { client, stop, goOn: () => server.child.kill("SIGCONT") };
  }

  it("while it reads: the writer waits within the window, until the deadline", async () => {
    const { client, stop, goOn } = await start();
    const large = "x".repeat(64 * 1024);
    let sent = 0;
    const underWay = signalled();
    function* requests() {
      for (; ; sent++) {
        if (sent === 100) underWay.resolve();
        yield { name: large };
      }
    }
    const call = failure(client.collectHellos(requests(), { timeoutMs: 3_000 }));
    await underWay.promise;
    await stop();
    const before = sent;
    expect(await call).toMatchObject({ status: Status.DEADLINE_EXCEEDED });
    const most = fixedLimits.streamWindowBytes / large.length + 3;
    expect(sent - before).toBeLessThanOrEqual(most);
    goOn();
    expect((await client.sayHello({ name: "after" })).greeting).toContain("after");
  });

  it("while it writes: the reader waits until the deadline, and nothing is lost when it goes on", async () => {
    const { client, stop, goOn } = await start();
    const count = 20_000;
    const responses = client.sayManyHellos({ name: "x", count })[Symbol.asyncIterator]();
    const impatient = client.sayManyHellos({ name: "x", count: 1_000_000 }, { timeoutMs: 1_000 });
    const doomed = failure(impatient);
    await responses.next();
    await stop();
    expect(await doomed).toMatchObject({ status: Status.DEADLINE_EXCEEDED });
    goOn();
    for (let i = 2; i <= count; i++) {
      expect(await responses.next()).toMatchObject({ value: { greeting: `Hello, x, for time ${i}` } });
    }
    expect(await responses.next()).toMatchObject({ done: true });
  });
});

describe("a client that vanishes without a word", () => {
  it("is given up by its server when it does not answer, and its calls end", async () => {
    const pair = new GreeterPair();
    const opened = signalled();
    const aborted = signalled<Outcome>();
    const violation = signalled<unknown>();
    const transport = new DirectServerTransport(
      (stream) => {
        stream.read();
        opened.resolve();
        return { streamsRequests: false, onMessage() {}, onHalfClose() {}, onAbort: aborted.resolve };
      },
      {
        ...defaults,
        keepaliveTimeMs: 50,
        keepaliveTimeoutMs: 1_000,
        methodsFor: () => [],
        onViolation: (_, { violation: name, message }) => violation.resolve({ name, message }),
      },
    );
    const address = tempAddress();
    const listener = createSecureListener({
      credentials: pair.serverCredentials,
      protocols: [protocols.direct],
      limits: defaults,
      onConnection: (connection) => transport.accept(connection),
      onRefused: () => {},
    });
    onTestFinished(() => listener.close());
    await listener.listen(address);
    const relay = await Relay.start(address.path);
    const call = failure(pair.newClient({ target: relay.target, serviceConfig: sentOnce }).sayHello({ name: "x" }));
    await opened.promise;
    (await relay.lines.next()).hold(...directions);
    expect(await violation.promise).toEqual({ name: "SILENT_PEER", message: "no sign of life" });
    expect(await aborted.promise).toMatchObject({ status: Status.CANCELLED });
    while (listener.connections.size > 0) await new Promise((resolve) => setImmediate(resolve));
    relay.lines.all[0]?.cut();
    expect(await call).toMatchObject({ status: Status.UNAVAILABLE });
  });
});
