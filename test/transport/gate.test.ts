import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type ConnectionOptions, connect, createServer, type TLSSocket, type TlsOptions } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { passGate } from "../../src/transport/gate.js";
import { clientId, serverId, World } from "../helpers/identities.js";
import { mintCa, mintLeaf } from "../helpers/mint.js";

// TLS itself would refuse most of this before. The gate must not rely on it: here TLS lets everything through.
describe("the gate", () => {
  const world = new World();
  const { keyPem: key, pem: cert } = world.leaf(clientId);

  it("lets a peer through with which everything is right", async () => {
    const { peer, protocol } = gate(await finished({ key, cert }));
    expect([peer.id.toString(), protocol]).toEqual([clientId, "h2"]);
  });

  it.each<[string, ConnectionOptions, string, string]>([
    [
      "TLS 1.2",
      { key, cert, maxVersion: "TLSv1.2" },
      "ERR_PROTOCOL_VERSION",
      "the peer negotiated TLSv1.2, not TLSv1.3",
    ],
    [
      "another protocol",
      { key, cert, ALPNProtocols: ["http/1.1"] },
      "ERR_PROTOCOL_VERSION",
      "the peer offered none of the protocols pinwire/1, h2 by ALPN",
    ],
    [
      "no protocol",
      { key, cert, ALPNProtocols: [] },
      "ERR_PROTOCOL_VERSION",
      "the peer offered none of the protocols pinwire/1, h2 by ALPN",
    ],
    ["no certificate", {}, "ERR_NO_CERTIFICATE", "the peer sent no certificate"],
  ])("refuses %s", async (_, options, code, message) => {
    const socket = await finished(options);
    expect(() => gate(socket)).toThrow(expect.objectContaining({ code, message }));
  });

  it("reads the chain as it was sent, with an intermediate", async () => {
    const intermediate = mintCa({ parent: world.ca, commonName: "intermediate" });
    const leaf = mintLeaf(intermediate, { id: clientId, key: world.leaf(clientId).key });
    const stranger = mintCa({ commonName: "stranger" });
    const socket = await finished({ key: leaf.keyPem, cert: leaf.pem + stranger.pem + intermediate.pem });
    expect(gate(socket).peer.path.length).toBe(3);
  });

  it("refuses a chain that is too long to be followed", async () => {
    const chain = [world.ca];
    for (let i = 0; i < 20; i++)
      chain.unshift(mintCa({ parent: chain[0] ?? world.ca, commonName: `intermediate ${i}` }));
    const leaf = mintLeaf(chain[0] ?? world.ca, { id: clientId, key: world.leaf(clientId).key });
    const socket = await finished({ key: leaf.keyPem, cert: leaf.pem + chain.map(({ pem }) => pem).join("") });
    const message = "the peer's certificate is refused: more than 15 others came with it";
    expect(() => gate(socket)).toThrow(expect.objectContaining({ code: "ERR_CHAIN_INVALID", message }));
  });

  function gate(socket: TLSSocket) {
    const state = world.credentials(serverId, clientId);
    return passGate(socket, { state, protocols: ["pinwire/1", "h2"], role: "client", now: new Date() });
  }

  /** The server's end of a handshake that is done, whatever the client had. */
  async function finished(options: ConnectionOptions): Promise<TLSSocket> {
    const { keyPem, pem } = world.leaf(serverId);
    const lenient: TlsOptions = { requestCert: true, rejectUnauthorized: false, ALPNProtocols: ["h2", "http/1.1"] };
    const server = createServer({ key: keyPem, cert: pem, ca: world.ca.pem, ...lenient });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const client = connect({ port, rejectUnauthorized: false, ALPNProtocols: ["h2"], ...options });
    client.on("error", () => {});
    onTestFinished(() => {
      client.destroy();
      server.close();
    });
    const [socket] = (await once(server, "secureConnection")) as [TLSSocket];
    return socket.on("error", () => {});
  }
});
