import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { CredentialState } from "../../src/credentials/credential-state.js";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { X509Svid } from "../../src/identity/x509-svid.js";
import { protocols } from "../../src/transport/protocols.js";
import { clientHello } from "../helpers/client-hello.js";
import { clientId, serverId, World } from "../helpers/identities.js";
import { mintLeaf } from "../helpers/mint.js";
import { closed, dialError, echoed, greeting, nextBytes, SecurePair, socketClosed } from "../helpers/secure-pair.js";
import { tempAddress } from "../helpers/temp-socket.js";
import { visit } from "../helpers/tls-peer.js";

/** What the test runner itself has open. */
const atStart = openPipes();

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

  it("takes the server's preference among the protocols that both offer", async () => {
    const pair = await SecurePair.start();
    expect((await pair.dial({ protocols: ["h2", "pinwire/1"] })).protocol).toBe("pinwire/1");
    expect((await pair.dial({ protocols: ["h2"] })).protocol).toBe("h2");
  });

  it.each([protocols.h2, protocols.direct])(
    "puts the first bytes of a server back for whoever reads next: %s",
    async (protocol) => {
      const pair = await SecurePair.start();
      const { socket } = await pair.connect({ protocols: [protocol] });
      expect(await nextBytes(socket)).toEqual(greeting);
      await echoed(socket, "ping");
    },
  );

  it("refuses with a constant sentence and a reference, and reports the reason with the same reference", async () => {
    const pair = await SecurePair.start();
    pair.serverCredentials.set(pair.world.credentials(serverId, "spiffe://local.test/other"));
    const error = await dialError(pair.dial({ protocols: [protocols.h2] }));
    const { reason, reference } = await pair.refused.next();
    expect(error).toMatchObject({
      code: "ERR_REFUSED_BY_PEER",
      status: 16,
      message: `the server refuses us; its log says why under ${reference}`,
    });
    expect(reason).toMatchObject({
      code: "ERR_NOT_PINNED",
      message: `the peer's certificate is refused: ${clientId} is not pinned`,
      facts: { peerId: clientId, pin: pair.world.pinOf(clientId).toString() },
    });
    expect(pair.listener.connections.size).toBe(0);
  });

  it("demands OpenSSL's consent beside our own", async () => {
    const world = new World();
    // A leaf that names another key of its issuer: only a hint to us, since the signature is right; OpenSSL is stricter.
    world.leaf(clientId, { authorityKeyId: Buffer.alloc(20, 1) });
    const pair = await SecurePair.start({ world });
    const { keyPem: key, pem: cert } = world.leaf(clientId);
    const { said } = visit(pair, { key, cert });
    expect((await pair.refused.next()).reason).toMatchObject({
      code: "ERR_CHAIN_INVALID",
      message: expect.stringMatching(/^OpenSSL refuses the certificate chain: [A-Z_]+$/),
      facts: { peerId: clientId, pin: world.pinOf(clientId).toString() },
    });
    await said;
    expect(pair.accepted.all).toEqual([]);
  });

  it("treats whatever goes wrong in the gate as a refusal", async () => {
    const pair = await SecurePair.start({ now: () => Number.NaN });
    expect((await dialError(pair.dial({ protocols: ["h2"] }))).code).toBe("ERR_REFUSED_BY_PEER");
    expect(pair.accepted.all).toEqual([]);
  });

  it("ends a connection that its taker could not take, and reports why", async () => {
    const pair = await SecurePair.start({
      onConnection: () => {
        throw new Error("no room");
      },
    });
    expect(await dialError(pair.dial())).toMatchObject({ code: "ERR_HANDSHAKE_FAILED" });
    expect((await pair.refused.next()).reason).toMatchObject({ code: "ERR_HANDSHAKE_FAILED" });
    expect(pair.listener.connections.size).toBe(0);
  });

  it("shows its new certificate from the moment the credentials change", async () => {
    const pair = await SecurePair.start();
    const before = await pair.dial();
    const renewed = mintLeaf(pair.world.ca, { id: serverId, key: pair.world.leaf(serverId).key });
    pair.serverCredentials.set(withLeaf(pair.serverCredentials.current(), renewed));
    const after = await pair.dial();
    expect(before.peer.leaf.serialNumber).toBe(pair.world.leaf(serverId).certificate.serialNumber);
    expect(after.peer.leaf.serialNumber).toBe(renewed.certificate.serialNumber);
    expect(after.generation).toBe(before.generation);
  });

  it("takes nobody when TLS cannot use the new credentials, until they change again", async () => {
    const pair = await SecurePair.start();
    const state = pair.serverCredentials.current();
    const svid = Object.assign(Object.create(state.svid) as X509Svid, { certPem: "nothing" });
    pair.serverCredentials.set({ ...state, svid });
    expect((await pair.refused.next()).reason).toMatchObject({
      code: "ERR_KEY_UNSUPPORTED",
      problem: "TLS cannot use the new credentials; connections are refused until they change",
    });
    expect(await dialError(pair.dial())).toMatchObject({ code: "ERR_HANDSHAKE_FAILED" });
    pair.serverCredentials.set(state);
    await pair.expectService();
  });

  it("listens on several addresses", async () => {
    const pair = await SecurePair.start();
    const second = tempAddress();
    await pair.listener.listen(second);
    await pair.expectService();
    await pair.expectService({ address: second });
    await pair.listener.stopAccepting();
    expect([pair.address, second].filter(({ path }) => existsSync(path))).toEqual([]);
  });

  describe("when it stops", () => {
    it("gives up its address at first, and connections go on", async () => {
      const pair = await SecurePair.start();
      const { socket } = await pair.dial();
      const halfway = pair.rawSocket();
      halfway.write(await clientHello());
      await once(halfway, "data");
      await pair.listener.stopAccepting();
      await socketClosed(halfway.resume());
      expect(await dialError(pair.dial())).toMatchObject({ code: "ERR_NO_SOCKET" });
      await echoed(socket, "still there");
    });

    it("then ends everything, at whatever point it is, and leaves nothing open", async () => {
      const pair = await SecurePair.start();
      const client = await pair.dial();
      const server = await pair.accepted.next();
      const silent = pair.rawSocket().resume();
      await once(silent, "connect");
      const halfway = pair.rawSocket();
      halfway.write(await clientHello());
      await once(halfway, "data");
      const refused = visit(pair);
      await pair.refused.next();

      await pair.listener.close();
      expect(await closed(server)).toMatchObject({
        code: "ERR_SHUTTING_DOWN",
        rawMessage: "the server is shutting down",
      });
      expect(pair.listener.connections.size).toBe(0);
      await Promise.all([client.socket, silent, halfway.resume(), refused.socket].map(socketClosed));
      await expect.poll(openPipes).toEqual(atStart);
      expect(existsSync(pair.address.path)).toBe(false);
      expect(pair.refused.all.length).toBe(1);
    });

    it("no longer follows its credentials", async () => {
      const pair = await SecurePair.start();
      await pair.listener.close();
      const state = pair.serverCredentials.current();
      pair.serverCredentials.set({
        ...state,
        svid: Object.assign(Object.create(state.svid) as X509Svid, { certPem: "nothing" }),
      });
      expect(pair.refused.all).toEqual([]);
    });

    it("can be closed twice, and before it listened, and cannot be opened again", async () => {
      const pair = new SecurePair();
      await Promise.all([pair.listener.close(), pair.listener.close()]);
      await expect(pair.listener.listen(pair.address)).rejects.toMatchObject({
        code: "ERR_SERVER_CLOSED",
        message: "this listener was closed; make a new one",
      });
      expect(existsSync(pair.address.path)).toBe(false);
    });

    it("while it is still opening, it does not stay open", async () => {
      const pair = new SecurePair();
      const opening = pair.listener.listen(pair.address);
      await pair.listener.close();
      await expect(opening).rejects.toMatchObject({ code: "ERR_SERVER_CLOSED" });
      expect(existsSync(pair.address.path)).toBe(false);
    });
  });

  it("survives peers that leave at any moment", async () => {
    const pair = await SecurePair.start();
    const { keyPem: key, pem: cert } = pair.world.leaf(clientId);
    // The number of bytes that a client lets through before it is gone, over the whole of a handshake and beyond it.
    for (let most = 0; most < 3_000; most += 60) {
      const raw = pair.rawSocket();
      const { socket } = visit(pair, { socket: raw, key, cert });
      const cut = () => {
        if (raw.bytesRead + raw.bytesWritten >= most) raw.destroy();
      };
      raw.on("connect", cut);
      socket.on("data", cut).on("secureConnect", cut);
      const watch = setInterval(cut, 1);
      await Promise.race([socketClosed(raw), once(socket, "secureConnect").catch(() => {})]);
      raw.destroy();
      await socketClosed(raw);
      clearInterval(watch);
    }
    await pair.expectService();
  });

  it("is called what the client calls it: the expected ID is compared as a whole", async () => {
    const pair = await SecurePair.start();
    const error = await dialError(pair.dial({ expected: SpiffeId.parse("spiffe://local.test/greete") }));
    expect(error).toMatchObject({ code: "ERR_UNEXPECTED_IDENTITY", facts: { peerId: serverId } });
  });
});

function openPipes(): string[] {
  return process.getActiveResourcesInfo().filter((resource) => /Pipe.*Wrap|TLS/.test(resource));
}

function withLeaf(state: CredentialState, { pem, keyPem }: { pem: string; keyPem: string }): CredentialState {
  return { ...state, svid: X509Svid.fromPem({ certPem: pem, keyPem, now: new Date() }) };
}
