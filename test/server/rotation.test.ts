// Connections outlive decisions, so decisions have to reach connections.
import { describe, expect, it } from "vitest";
import { PinSet } from "../../src/identity/pin-set.js";
import { RevocationSet } from "../../src/identity/revocation-set.js";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { SpkiPin } from "../../src/identity/spki-pin.js";
import { X509Svid } from "../../src/identity/x509-svid.js";
import { Status } from "../../src/status.js";
import { collect, failure, signalled } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { clientId, serverId } from "../helpers/identities.js";
import { mintCa, mintLeaf } from "../helpers/mint.js";

/** A stream that never ends by itself, and has begun. */
async function openStream(pair: GreeterPair, client = pair.client) {
  const responses = client.sayManyHellos({ name: "x" }, { timeoutMs: 60_000 })[Symbol.asyncIterator]();
  await responses.next();
  return { next: () => responses.next() };
}

const endless = {
  async *sayManyHellos() {
    yield { greeting: "first" };
    await new Promise(() => {});
  },
};

describe("a peer that is no longer wanted", () => {
  it("is cut off when its pin is withdrawn, with its calls; another peer is not", async () => {
    const friendId = "spiffe://local.test/friend";
    const pair = await GreeterPair.start({ implementation: endless });
    const { world } = pair;
    pair.serverCredentials.set(world.credentials(serverId, clientId, friendId));
    const stream = await openStream(pair);
    pair.serverCredentials.set(world.credentials(serverId, friendId));
    const error = await failure(stream.next());
    expect([Status.UNAVAILABLE, Status.CANCELLED]).toContain(error.status);
    expect(await failure(pair.client.sayHello({ name: "x" }))).toMatchObject({ code: "ERR_REFUSED_BY_PEER" });
    expect(await pair.log.find(({ code }) => code === "ERR_NOT_PINNED")).toMatchObject({ peer: clientId });
  });

  it("is cut off when its certificate is revoked", async () => {
    const pair = await GreeterPair.start({ implementation: endless });
    const stream = await openStream(pair);
    const { issuer, serialNumber } = pair.world.leaf(clientId).certificate;
    const state = pair.world.credentials(serverId, clientId);
    pair.serverCredentials.set({ ...state, revoked: RevocationSet.of([{ issuer, serialNumber }]) });
    await failure(stream.next());
    expect(await failure(pair.client.sayHello({ name: "x" }))).toMatchObject({ code: "ERR_REFUSED_BY_PEER" });
    await pair.log.find(({ code }) => code === "ERR_REVOKED");
  });

  it("is left by its client when the client withdraws the server's pin", async () => {
    const pair = await GreeterPair.start({ implementation: endless });
    const stream = await openStream(pair);
    const other = SpkiPin.ofSpki(mintLeaf(mintCa()).certificate.spki);
    const pins = PinSet.of([[SpiffeId.parse(serverId), { current: other }]]);
    pair.clientCredentials.set({ ...pair.world.credentials(clientId, serverId), pins });
    await failure(stream.next());
    expect(await failure(pair.client.sayHello({ name: "x" }))).toMatchObject({
      status: Status.UNAUTHENTICATED,
      code: "ERR_PIN_MISMATCH",
      cause: { name: "PeerError" },
    });
  });
});

describe("new credentials", () => {
  it("take effect under load without a failed call", async () => {
    const pair = await GreeterPair.start();
    const { world } = pair;
    let stop = false;
    let calls = 0;
    const load = Array.from({ length: 8 }, async () => {
      while (!stop) {
        await pair.client.sayHello({ name: "load" });
        calls += 1;
      }
    });
    const renewed = (id: string) => {
      const { key } = world.leaf(id);
      const { pem, keyPem } = mintLeaf(world.ca, { id, key });
      return X509Svid.fromPem({ certPem: pem, keyPem, now: new Date() });
    };
    for (let i = 0; i < 10; i++) {
      const goal = calls + 20;
      if (i % 2 === 0)
        pair.serverCredentials.set({ ...world.credentials(serverId, clientId), svid: renewed(serverId) });
      else pair.clientCredentials.set({ ...world.credentials(clientId, serverId), svid: renewed(clientId) });
      while (calls < goal) await new Promise((resolve) => setImmediate(resolve));
    }
    stop = true;
    await Promise.all(load);
    expect(calls).toBeGreaterThanOrEqual(200);
  });

  it("let a stream that is under way finish on its old connection", async () => {
    const proceed = signalled();
    const pair = await GreeterPair.start({
      implementation: {
        async *sayManyHellos() {
          yield { greeting: "before" };
          await proceed.promise;
          yield { greeting: "after" };
        },
      },
    });
    const responses = pair.client.sayManyHellos({ name: "x" });
    const iterator = responses[Symbol.asyncIterator]();
    await iterator.next();
    const { key } = pair.world.leaf(serverId);
    const { pem, keyPem } = mintLeaf(pair.world.ca, { id: serverId, key });
    const svid = X509Svid.fromPem({ certPem: pem, keyPem, now: new Date() });
    pair.serverCredentials.set({ ...pair.world.credentials(serverId, clientId), svid });
    await pair.client.sayHello({ name: "on a new connection" });
    proceed.resolve();
    expect((await collect({ [Symbol.asyncIterator]: () => iterator })).map(({ greeting }) => greeting)).toEqual([
      "after",
    ]);
  });
});
