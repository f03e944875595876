// A connection that is about to end: what is under way ends well on it, what never began begins elsewhere, once.
import { describe, expect, it } from "vitest";
import { X509Svid } from "../../../src/identity/x509-svid.js";
import { signalled } from "../../helpers/collect.js";
import { Counts, countedCalls, countedGreeter, Load } from "../../helpers/counted-greeter.js";
import { GreeterPair } from "../../helpers/greeter-pair.js";
import { clientId, serverId } from "../../helpers/identities.js";
import { mintLeaf } from "../../helpers/mint.js";
import { Relay } from "../../helpers/relay.js";
import { anotherServer, pathOf } from "../../helpers/servers.js";

/** The same identity and key with a new certificate. */
function renewed({ world }: GreeterPair, id: string, peer: string) {
  const { pem, keyPem } = mintLeaf(world.ca, { id, key: world.leaf(id).key });
  return { ...world.credentials(id, peer), svid: X509Svid.fromPem({ certPem: pem, keyPem, now: new Date() }) };
}

const renew = {
  server: (pair: GreeterPair) => pair.serverCredentials.set(renewed(pair, serverId, clientId)),
  client: (pair: GreeterPair) => pair.clientCredentials.set(renewed(pair, clientId, serverId)),
};

const violations = ({ log }: GreeterPair) => log.records.filter(({ event }) => event === "protocol violation");

describe("calls that the server never began", () => {
  it("begin anew elsewhere, of every kind, exactly once", async () => {
    const [here, there] = [new Counts(), new Counts()];
    const pair = await GreeterPair.start({ implementation: countedGreeter(here) });
    const successor = await anotherServer(pair, countedGreeter(there));
    const relay = await Relay.start(pathOf(pair));
    const client = pair.newClient({ target: relay.target });
    await client.sayHello({ name: "begun" });
    const line = await relay.lines.next();

    const sent = signalled();
    line.hold("toServer");
    line.onBytes = (direction) => direction === "toServer" && sent.resolve();
    const calls = countedCalls.map((call, i) => call(client, `kind ${i}`));
    // More than the credit of a stream: a part of it is still on this side.
    const large = client.collectHellos([{ name: "large" }, { name: "x".repeat(600_000) }]);
    await sent.promise;
    relay.redirect(successor.path);
    const drained = pair.server.drain();
    await Promise.all(calls);
    expect((await large).count).toBe(2);
    line.release("toServer");
    await drained;

    expect([...here.begun]).toEqual([["begun", 1]]);
    expect(Object.fromEntries(there.begun)).toEqual({
      ...{ "kind 0": 1, "kind 1": 1, "kind 2": 1, "kind 3": 1 },
      large: 1,
    });
    expect(violations(pair)).toEqual([]);
  });

  it("keep their deadline", async () => {
    const granted: number[] = [];
    const pair = await GreeterPair.start();
    const sayHello = (_: unknown, context: { remainingMs(): number }) => {
      granted.push(context.remainingMs());
      return { greeting: "" };
    };
    const successor = await anotherServer(pair, { sayHello });
    const relay = await Relay.start(pathOf(pair));
    const client = pair.newClient({ target: relay.target });
    await client.sayHello({ name: "x" });
    const line = await relay.lines.next();
    line.hold("toServer");
    const begun = performance.now();
    const call = client.sayHello({ name: "x" }, { timeoutMs: 10_000 });
    while (performance.now() - begun < 50) await new Promise((resolve) => setImmediate(resolve));
    relay.redirect(successor.path);
    const drained = pair.server.drain();
    await call;
    line.release("toServer");
    await drained;
    expect(granted[0]).toBeLessThanOrEqual(9_960);
  });

  it("do not wait for those that go on, when they waited for room on the connection", async () => {
    const proceed = signalled();
    const began = signalled();
    const pair = await GreeterPair.start({
      server: { maxConcurrentStreams: 1 },
      implementation: {
        sayHello: async ({ name }) => {
          began.resolve();
          await proceed.promise;
          return { greeting: name };
        },
      },
    });
    const successor = await anotherServer(pair, {});
    const relay = await Relay.start(pathOf(pair));
    const client = pair.newClient({ target: relay.target });
    const first = client.sayHello({ name: "first" });
    await began.promise;
    const second = client.sayHello({ name: "second" });
    relay.redirect(successor.path);
    const drained = pair.server.drain();
    expect((await second).greeting).toContain("Hello, second");
    proceed.resolve();
    expect((await first).greeting).toBe("first");
    await drained;
  });
});

describe("under load, without a failed call and with every call begun once", () => {
  it("servers are drained, one after the other", { timeout: 60_000 }, async () => {
    const counts = new Counts();
    const pair = await GreeterPair.start({ implementation: countedGreeter(counts) });
    const relay = await Relay.start(pathOf(pair));
    const load = new Load(pair.newClient({ target: relay.target }));
    let serving = pair.server;
    for (let round = 0; round < 25; round++) {
      await load.more(20);
      const { server, path } = await anotherServer(pair, countedGreeter(counts));
      relay.redirect(path);
      await serving.drain();
      serving = server;
    }
    await load.stop();
    expectOnce(counts, load);
    expect(violations(pair)).toEqual([]);
  });

  it("credentials rotate, of both sides in turn", { timeout: 60_000 }, async () => {
    const counts = new Counts();
    const pair = await GreeterPair.start({ implementation: countedGreeter(counts) });
    const load = new Load(pair.client);
    for (let round = 0; round < 60; round++) {
      await load.more(10);
      renew[round % 2 === 0 ? "server" : "client"](pair);
    }
    await load.stop();
    expectOnce(counts, load);
    expect(violations(pair)).toEqual([]);
  });
});

describe("credentials that rotate while a connection is being made", () => {
  const cases = [
    ["client", "toServer", "direct"],
    ["server", "toClient", "direct"],
    ["client", "toServer", "h2"],
    ["server", "toClient", "h2"],
  ] as const;
  for (const [side, turn, transport] of cases) {
    it(`of the ${side}, on ${transport}: the call is made, and then with the new ones`, async () => {
      const pair = await GreeterPair.start();
      let rotations = 0;
      const relay = await Relay.start(pathOf(pair), {
        onLine: (line) => {
          line.onBytes = (direction) => {
            if (direction !== turn || rotations > 0) return;
            rotations += 1;
            renew[side](pair);
          };
        },
      });
      const client = pair.newClient({ target: relay.target, transports: [transport] });
      expect((await client.sayHello({ name: "Ada" })).greeting).toContain("Ada");
      expect(rotations).toBe(1);
      // A server of HTTP/2 lets a new connection settle before it tells it to leave; calls go on meanwhile.
      const after = async () => {
        await client.sayHello({ name: "later" });
        return relay.lines.all.length;
      };
      await expect.poll(after).toBe(2);
    });
  }
});

function expectOnce(counts: Counts, load: Load): void {
  expect(counts.begun.size).toBe(load.calls);
  expect([...counts.begun].filter(([, times]) => times !== 1)).toEqual([]);
}
