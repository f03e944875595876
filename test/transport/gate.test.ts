import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type ConnectionOptions, connect, createServer, type TLSSocket, type TlsOptions } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import type { CredentialState } from "../../src/credentials/credential-state.js";
import { TrustBundle } from "../../src/identity/trust-bundle.js";
import { TrustDomain } from "../../src/identity/trust-domain.js";
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
    if (showsIntermediates(socket)) expect(gate(socket).peer.path.length).toBe(3);
    else expect(() => gate(socket)).toThrow(expect.objectContaining({ code: "ERR_UNKNOWN_ISSUER" }));
  });

  it("needs no intermediate from the peer when the bundle has it", async () => {
    const intermediate = mintCa({ parent: world.ca, commonName: "intermediate" });
    const leaf = mintLeaf(intermediate, { id: clientId, key: world.leaf(clientId).key });
    const bundle = TrustBundle.fromPem(TrustDomain.parse("local.test"), world.ca.pem + intermediate.pem);
    const socket = await finished({ key: leaf.keyPem, cert: leaf.pem }, bundle.toPem());
    expect(gate(socket, { bundle }).peer.id.toString()).toBe(clientId);
  });

  it("refuses a chain that is too long to be followed", async () => {
    const chain = [world.ca];
    for (let i = 0; i < 20; i++)
      chain.unshift(mintCa({ parent: chain[0] ?? world.ca, commonName: `intermediate ${i}` }));
    const leaf = mintLeaf(chain[0] ?? world.ca, { id: clientId, key: world.leaf(clientId).key });
    const socket = await finished({ key: leaf.keyPem, cert: leaf.pem + chain.map(({ pem }) => pem).join("") });
    const tooLong = { code: "ERR_CHAIN_INVALID", message: expect.stringContaining("more than 15 others came with it") };
    const refusal = showsIntermediates(socket) ? tooLong : { code: "ERR_UNKNOWN_ISSUER" };
    expect(() => gate(socket)).toThrow(expect.objectContaining(refusal));
  });

  /** Node.js 24 keeps them from a server (docs/transport.md); the gate then has to refuse. */
  function showsIntermediates(socket: TLSSocket): boolean {
    return socket.getPeerCertificate(true).issuerCertificate !== undefined;
  }

  it("calls a certificate expired in its last second, which OpenSSL does not count in", async () => {
    const notAfter = new Date(Math.floor(Date.now() / 1_000) * 1_000 - 1_000);
    const { key: leafKey } = world.leaf(clientId);
    const leaf = mintLeaf(world.ca, { id: clientId, key: leafKey, notAfter });
    const socket = await finished({ key: leaf.keyPem, cert: leaf.pem });
    const message = `the peer's certificate is refused: it expired at ${notAfter.toISOString().replace(".000Z", "Z")}`;
    // Our own clock stands still in that second; OpenSSL has one of its own.
    expect(() => gate(socket, {}, notAfter)).toThrow(
      expect.objectContaining({ code: "ERR_CERTIFICATE_EXPIRED", message }),
    );
  });

  function gate(socket: TLSSocket, overrides: Partial<CredentialState> = {}, now = new Date()) {
    const state = { ...world.credentials(serverId, clientId), ...overrides };
    return passGate(socket, { state, protocols: ["pinwire/1", "h2"], role: "client", now });
  }

  /** The server's end of a handshake that is done, whatever the client had. */
  async function finished(options: ConnectionOptions, ca = world.ca.pem): Promise<TLSSocket> {
    const { keyPem, pem } = world.leaf(serverId);
    const lenient: TlsOptions = { requestCert: true, rejectUnauthorized: false, ALPNProtocols: ["h2", "http/1.1"] };
    const server = createServer({ key: keyPem, cert: pem, ca, ...lenient });
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
