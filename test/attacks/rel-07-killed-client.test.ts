// REL-07: clients that are killed in the middle of a stream leave nothing behind: no call, no connection, no descriptor.
import { readdirSync } from "node:fs";
import type { TLSSocket } from "node:tls";
import { describe, expect, it } from "vitest";
import { data, flag, open } from "../../scripts/direct-frames.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow } from "../../src/interceptors/policy.js";
import { loadCredentials } from "../../src/load-credentials.js";
import { createServer } from "../../src/server/server.js";
import { AuditPlace } from "../helpers/audit-place.js";
import { methods, request } from "../helpers/direct-attack.js";
import { ExampleWorld } from "../helpers/example-processes.js";
import { GreeterPair, greeter, RecordingLogger, testTransport } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";
import type { Minted } from "../helpers/mint.js";
import { RawDirectPeer } from "../helpers/raw-direct-peer.js";
import { framed, RawH2Client } from "../helpers/raw-h2-client.js";

const rounds = 5;
const clientsPerRound = 2;
/** `PINWIRE_CUTS=1000` for a long run. */
const cuts = Number(process.env.PINWIRE_CUTS ?? 100);

describe.skipIf(process.platform !== "linux")("REL-07: kill -9 of clients", () => {
  it("frees calls and descriptors", { timeout: 60_000 }, async () => {
    const world = await ExampleWorld.make();
    const log = new RecordingLogger();
    const place = new AuditPlace();
    const audit = await place.open();
    await using server = createServer({
      credentials: await loadCredentials(world.server, { watch: false }),
      policy: [allow(GreeterService, clientId)],
      logger: log,
      audit,
      auditLevel: "all",
    });
    let underWay = 0;
    server.service(GreeterService, {
      ...greeter,
      async *sayManyHellos({ name }) {
        underWay += 1;
        try {
          for (let i = 0; ; i++) yield { greeting: `${name} ${i}` };
        } finally {
          underWay -= 1;
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
      expect(underWay).toBe(clientsPerRound);
      for (const client of clients) client.child.kill("SIGKILL");
      await Promise.all(clients.map((client) => client.exited));
      const ended = (round + 1) * clientsPerRound;
      let seen = 0;
      await log.find(({ event }) => event === "call" && ++seen === ended);
      // The first round pays for what is loaded once.
      if (round === 0) before = descriptors();
    }
    expect(underWay).toBe(0);
    expect(descriptors()).toBeLessThanOrEqual(before);
    expect(log.ofCalls.every(({ status }) => status === "CANCELLED" || status === "UNAVAILABLE")).toBe(true);
    await server.close();
    await audit.close();
    await expectEachEnded(place, (rounds + 1) * clientsPerRound);
  });

  it("closes the records of many calls whose connections are gone, and keeps nothing of them", {
    timeout: 90_000,
  }, async () => {
    const place = new AuditPlace();
    const audit = await place.open();
    const began = new Set<() => void>();
    const pair = await GreeterPair.start({
      server: { audit, auditLevel: "all", maxConnectionsPerPeer: 1_000 },
      implementation: {
        async *sayManyHellos(_, { signal }) {
          for (const wake of began) wake();
          began.clear();
          yield { greeting: "hello" };
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        },
      },
    });
    const path = pair.target.slice("unix:".length);
    const leaf = pair.world.leaf(clientId);
    const descriptors = () => readdirSync("/proc/self/fd").length;
    let before = 0;
    for (let n = 0; n < cuts; n++) {
      const begun = new Promise<void>((resolve) => began.add(resolve));
      // As the kernel does it for a process that was killed: no last word of TLS, or of the protocol.
      const cut = await (testTransport === "direct" ? directCall : h2Call)(path, leaf);
      await begun;
      cut();
      if (n === 20) before = descriptors();
    }
    await expect.poll(() => pair.server.stats()?.connections.open, { timeout: 10_000 }).toBe(0);
    await expect.poll(() => pair.server.stats()?.callsUnderWay, { timeout: 10_000 }).toBe(0);
    await expect.poll(descriptors, { timeout: 10_000 }).toBeLessThanOrEqual(before);
    await pair.server.close();
    await audit.close();
    await expectEachEnded(place, cuts);
  });
});

/** Each call has one record of its begin and one of its end. */
async function expectEachEnded(place: AuditPlace, calls: number): Promise<void> {
  const begun = place.records.filter(({ type }) => type === "call.begin").map(({ seq }) => seq);
  const ends = place.records.filter(({ type }) => type === "call.end");
  expect(begun).toHaveLength(calls);
  expect(ends.map(({ begin }) => Number(begin)).sort((a, b) => a - b)).toEqual(begun);
  for (const { status } of ends) expect(status).toMatch(/^(CANCELLED|UNAVAILABLE)$/);
  expect(await place.verify()).toMatchObject({ ok: true, unsigned: 0 });
}

async function directCall(path: string, leaf: Minted): Promise<() => void> {
  const peer = await RawDirectPeer.connect(path, leaf);
  await peer.greet();
  peer.send(open(1, { method: methods.sayManyHellos }), data(1, request(), flag.last));
  return () => rawSocketOf(peer.socket).destroy();
}

async function h2Call(path: string, leaf: Minted): Promise<() => void> {
  const { session } = await RawH2Client.connect(path, leaf);
  const headers = {
    ":method": "POST",
    ":path": methods.sayManyHellos,
    "content-type": "application/grpc",
    te: "trailers",
  };
  const stream = session.request(headers, { endStream: false });
  stream.on("error", () => {}).resume();
  stream.end(framed(request()));
  return () => session.destroy();
}

function rawSocketOf(socket: TLSSocket): { destroy(): void } {
  return (socket as unknown as { _parent?: { destroy(): void } })._parent ?? socket;
}
