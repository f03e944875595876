import { describe, expect, it } from "vitest";
import { protocols } from "../../src/transport/protocols.js";
import { clientId, serverId } from "../helpers/identities.js";
import { dialError, echoed, nextBytes, SecurePair } from "../helpers/secure-pair.js";

describe("a secure listener", () => {
  it("hands over a connection whose peer is verified, and so does the dialer", async () => {
    const pair = await SecurePair.start();
    const client = await pair.dial();
    const server = await pair.accepted.next();
    expect(server.peer.id.toString()).toBe(clientId);
    expect(client.peer.id.toString()).toBe(serverId);
    expect([client.protocol, server.protocol]).toEqual([protocols.direct, protocols.direct]);
    expect(client.socket.getProtocol()).toBe("TLSv1.3");
    await echoed(client.socket, "ping");
    expect(pair.listener.connections).toEqual(new Set([server]));
    expect(pair.refused.all).toEqual([]);
  });

  it("puts the first bytes of an HTTP/2 server back for whoever reads next", async () => {
    const pair = await SecurePair.start();
    const { socket, protocol } = await pair.dial({ protocols: [protocols.h2] });
    expect(protocol).toBe(protocols.h2);
    expect(await nextBytes(socket)).toEqual(Buffer.from("000000040000000000", "hex"));
    await echoed(socket, "ping");
  });

  it("refuses with a constant sentence and a reference, and reports the reason with the same reference", async () => {
    const pair = await SecurePair.start();
    pair.serverCredentials.set(pair.world.credentials(serverId, "spiffe://local.test/other"));
    const error = await dialError(pair.dial({ protocols: [protocols.h2] }));
    const { reason, reference } = await pair.refused.next();
    expect(error).toMatchObject({
      code: "ERR_REFUSED_BY_PEER",
      message: `the server refuses us; its log says why under ${reference}`,
    });
    expect(reason).toMatchObject({
      code: "ERR_NOT_PINNED",
      message: `the peer's certificate is refused: ${clientId} is not pinned`,
      facts: { peerId: clientId, pin: pair.world.pinOf(clientId).toString() },
    });
    expect(pair.listener.connections.size).toBe(0);
  });
});
