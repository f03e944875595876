import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { constantSource } from "../../src/source.js";
import type { SecureConnection } from "../../src/transport/secure-connection.js";
import { clientId, serverId } from "../helpers/identities.js";
import { closed, dialError, echoed, SecurePair, socketClosed } from "../helpers/secure-pair.js";
import { visit } from "../helpers/tls-peer.js";

const otherId = "spiffe://local.test/other";

describe("REL-15: limits of connections", () => {
  it("closes one too many at once, serves those that are there, and has room again when one leaves", async () => {
    const pair = await SecurePair.start({ limits: { maxConnections: 3 } });
    const first = await pair.dial();
    await pair.dial();
    const silent = pair.rawSocket();
    await once(silent, "connect");

    expect(await dialError(pair.dial())).toMatchObject({ code: "ERR_HANDSHAKE_FAILED", status: 14 });
    expect((await pair.refused.next()).reason).toMatchObject({
      code: "ERR_TOO_MANY_CONNECTIONS",
      message: "all 3 connections are taken",
    });
    await echoed(first.socket, "unaffected");
    silent.destroy();
    await roomFor(pair);
  });

  // Held for the second that a refused peer may linger, each of these would take that long.
  it("gives the place of a refused connection back as soon as its peer has left", async () => {
    const pair = await SecurePair.start({ limits: { maxConnections: 1 } });
    for (let refusals = 0; refusals < 40; ) {
      const { socket, said } = visit(pair);
      // More than the server would buffer if it did not throw it away.
      socket.once("secureConnect", () => socket.write(Buffer.alloc(500_000)));
      // Who comes while the place is taken hears nothing.
      if ((await said).bytes.length > 0) refusals++;
    }
  });

  it("does not let a flood fill the log", async () => {
    const pair = await SecurePair.start({ limits: { maxConnections: 1 } });
    await pair.dial();
    const flood = Array.from({ length: 2_000 }, () => socketClosed(pair.rawSocket().resume()));
    await Promise.all(flood);
    await pair.listener.close();
    const numbers = pair.refused.all.map(({ reason }) => Number(/(\d+) ERR_/.exec(reason.message)?.[1] ?? 1));
    expect(numbers.reduce((sum, number) => sum + number)).toBe(2_000);
    expect(numbers.length).toBeLessThan(200);
  });

  it("refuses one connection too many of an identity with a clear error, and nobody else", async () => {
    const pair = await SecurePair.start({ limits: { maxConnectionsPerPeer: 2 } });
    pair.serverCredentials.set(pair.world.credentials(serverId, clientId, otherId));
    const first = await pair.dial({ protocols: ["h2"] });
    await pair.dial({ protocols: ["h2"] });
    const error = await dialError(pair.dial({ protocols: ["h2"] }));
    const { reason, reference } = await pair.refused.next();
    expect(error).toMatchObject({
      code: "ERR_TOO_MANY_CONNECTIONS",
      status: 8,
      message: `the server has too many connections from us already; its log says more under ${reference}`,
    });
    expect(reason).toMatchObject({
      code: "ERR_TOO_MANY_CONNECTIONS",
      message: `${clientId} has 2 connections already`,
      facts: { peerId: clientId, pin: pair.world.pinOf(clientId).toString() },
    });
    await pair.expectService({ credentials: constantSource(pair.world.credentials(otherId, serverId)) });

    const accepted = await pair.accepted.next();
    first.socket.destroy();
    await closed(accepted);
    await pair.dial({ protocols: ["h2"] });
  });

  it("serves 200 handshakes at once, of which 16 may run, while a connection that is there goes on", async () => {
    const pair = await SecurePair.start({ limits: { maxHandshakes: 16, maxConnectionsPerPeer: 300 } });
    const { socket } = await pair.dial();
    const dialling = Promise.all(Array.from({ length: 200 }, () => pair.dial()));
    for (let i = 0; i < 10; i++) await echoed(socket, `call ${i}`);
    const connections = await dialling;
    for (const connection of connections) await echoed(connection.socket, "served");
    expect(pair.listener.connections.size).toBe(201);
    expect(pair.refused.all).toEqual([]);
    const ends = [...pair.listener.connections].map((connection: SecureConnection) => closed(connection));
    for (const connection of connections) connection.socket.destroy();
    socket.destroy();
    await Promise.all(ends);
    expect(pair.listener.connections.size).toBe(0);
  });

  it("lets strangers who keep failing wait for each other, and costs good peers nothing", async () => {
    // A bucket of ten.
    const pair = await SecurePair.start({ limits: { refusedHandshakesPerSecond: 1, maxConnectionsPerPeer: 300 } });
    const { socket } = await pair.dial();
    for (let i = 0; i < 30; i++) await pair.dial();
    const strangers = Array.from({ length: 11 }, () => visit(pair).said);
    // All of them at once would be one more than the bucket holds: the last has to wait for a second.
    await Promise.race(strangers);
    for (let i = 0; i < 10; i++) await echoed(socket, `call ${i}`);
    await Promise.all(strangers);
    expect(pair.refused.all.every(({ reason }) => reason.code === "ERR_NO_CERTIFICATE")).toBe(true);
  });
});

/** The server notices that somebody left when its socket closes; until then a place may still be taken. */
async function roomFor(pair: SecurePair): Promise<void> {
  for (;;) {
    try {
      return await pair.expectService();
    } catch (error) {
      if ((error as { code?: string }).code !== "ERR_HANDSHAKE_FAILED") throw error;
    }
  }
}
