import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { X509Svid } from "../../src/identity/x509-svid.js";
import { refusalBytes } from "../../src/transport/refusal.js";
import { secureSocket } from "../../src/transport/secure-dialer.js";
import { clientId, serverId, World } from "../helpers/identities.js";
import { mintLeaf } from "../helpers/mint.js";
import { closed, dialError, echoed, greeting, nextBytes, SecurePair, socketClosed } from "../helpers/secure-pair.js";
import { staleSocket } from "../helpers/stale-socket.js";
import { rogueServer, serveRaw } from "../helpers/tls-peer.js";

describe("dial", () => {
  it.each([
    ["nothing is there", () => {}, "ERR_NO_SOCKET", "there is no socket at"],
    ["nobody answers", staleSocket, "ERR_STALE_SOCKET", "nobody listens on the socket"],
  ])("says that %s", async (_, prepare, code, message) => {
    const pair = new SecurePair();
    await serveRaw(pair.address, createServer().unref());
    rmSync(pair.address.path);
    prepare(pair.address.path);
    expect(await dialError(pair.dial())).toMatchObject({
      code,
      status: 14,
      message: expect.stringContaining(`${message} ${pair.address.path}`),
    });
  });

  it.each<[string, (socket: Socket) => void, string, string]>([
    [
      "closes at once",
      (socket) => socket.destroy(),
      "ERR_HANDSHAKE_FAILED",
      "the peer closed the connection during the",
    ],
    ["ends at once", (socket) => socket.end(), "ERR_HANDSHAKE_FAILED", "the peer closed the connection during the"],
    ["speaks HTTP", (socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n"), "ERR_PROTOCOL_VERSION", "does not speak TLS"],
    ["sends garbage", (socket) => socket.write(Buffer.alloc(70_000, 0x16)), "ERR_", ""],
    ["is silent", () => {}, "ERR_HANDSHAKE_TIMEOUT", "the peer did not finish the handshake within 500 ms"],
    [
      "drips",
      (socket) => {
        const timer = setInterval(() => socket.write("\x16"), 50);
        socket.once("close", () => clearInterval(timer));
      },
      "ERR_",
      "",
    ],
  ])("fails when the server %s", async (_, behave, code, message) => {
    const pair = new SecurePair();
    const accepted = new Promise<Socket>((resolve) => {
      void serveRaw(pair.address, createServer(resolve).on("connection", behave));
    });
    expect(await dialError(pair.dial({ handshakeTimeoutMs: 500 }))).toMatchObject({
      code: expect.stringContaining(code),
      message: expect.stringContaining(message),
    });
    await socketClosed((await accepted).resume());
  });

  it("leaves no timer behind", async () => {
    const pair = await SecurePair.start();
    await pair.expectService();
    const before = timers();
    await pair.dial();
    expect(timers()).toBeLessThanOrEqual(before);
    await dialError(pair.dial({ expected: SpiffeId.parse(clientId) }));
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it("gives up when it is told to, before, while connecting and while shaking hands", async () => {
    const pair = new SecurePair();
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    await serveRaw(
      pair.address,
      createServer(() => arrived()),
    );
    const reason = new Error("enough");
    await expect(pair.dial({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const early = new AbortController();
    const attempt = pair.dial({ signal: early.signal });
    early.abort(reason);
    await expect(attempt).rejects.toBe(reason);
    const late = new AbortController();
    const handshake = pair.dial({ signal: late.signal });
    await arrival;
    late.abort(reason);
    await expect(handshake).rejects.toBe(reason);
  });
});

describe("secureSocket", () => {
  it("takes over a socket that is connected", async () => {
    const pair = await SecurePair.start();
    const raw = connect({ path: pair.address.path });
    await once(raw, "connect");
    const connection = await secureSocket(raw, options(pair));
    expect(await nextBytes(connection.socket)).toEqual(greeting);
    await echoed(connection.socket, "ping");
    connection.destroy(new Error("done"));
    expect(await closed(connection)).toMatchObject({ message: "done" });
  });

  it("fails for a socket that is closed", async () => {
    const pair = await SecurePair.start();
    const raw = connect({ path: pair.address.path });
    await socketClosed(raw.destroy());
    expect(await dialError(secureSocket(raw, options(pair)))).toMatchObject({ code: "ERR_HANDSHAKE_FAILED" });
  });
});

describe("a server that refuses us", () => {
  it("is not the only one who can know that our own certificate has expired", async () => {
    const hour = 3_600_000;
    const pair = await SecurePair.start();
    const { ca } = pair.world;
    const { key } = pair.world.leaf(clientId);
    const expired = new Date(Math.floor(Date.now() / 1_000) * 1_000 - hour);
    const notBefore = new Date(expired.getTime() - hour);
    const { pem: certPem, keyPem } = mintLeaf(ca, { id: clientId, key, notBefore, notAfter: expired });
    // Loaded while it was good, as by a process that has run since.
    const svid = X509Svid.fromPem({ certPem, keyPem, now: new Date(expired.getTime() - 1) });
    pair.clientCredentials.set({ ...pair.clientCredentials.current(), svid });
    const error = await dialError(pair.dial());
    const { reason, reference } = await pair.refused.next();
    expect(reason).toMatchObject({ code: "ERR_CERTIFICATE_EXPIRED" });
    const end = expired.toISOString().replace(".000Z", "Z");
    expect(error).toMatchObject({
      code: "ERR_REFUSED_BY_PEER",
      message: `the server refuses us; its log says why under ${reference}; our own certificate, of ${clientId}, is outdated: it expired at ${end}`,
    });
  });
});

// The server's verdict comes after the client's handshake is done; the stand-in is a server with the right identity.
describe("the first words of a server", () => {
  const refusal = refusalBytes("h2", { kind: "refused", reference: "abcdef012345" }) ?? greeting;

  it("are a refusal", async () => {
    const pair = await standIn((socket) => socket.end(refusal));
    expect(await dialError(pair.dial({ protocols: ["h2"] }))).toMatchObject({
      code: "ERR_REFUSED_BY_PEER",
      message: "the server refuses us; its log says why under abcdef012345",
    });
  });

  it("are nothing at all: it is not waited for", async () => {
    const pair = await standIn(() => {});
    expect((await pair.connect({ protocols: ["h2"] })).protocol).toBe("h2");
  });

  it("are the end", async () => {
    const pair = await standIn((socket) => socket.end());
    expect(await dialError(pair.dial({ protocols: ["h2"] }))).toMatchObject({
      code: "ERR_HANDSHAKE_FAILED",
      message: "the server closed the connection right after the handshake",
    });
  });

  it.each([
    ["half a refusal", refusal.subarray(0, 40)],
    ["a refusal with something behind it", Buffer.concat([refusal, Buffer.from("x")])],
    ["another GOAWAY", Buffer.concat([greeting, Buffer.from("0000080700000000000000000000000000", "hex")])],
    ["sixteen kilobytes", Buffer.alloc(16_384, 7)],
  ])("are %s: they are left for whoever reads next", async (_, bytes) => {
    const pair = await standIn((socket) => socket.write(bytes));
    const { socket } = await pair.connect({ protocols: ["h2"] });
    let received = Buffer.alloc(0);
    while (received.length < bytes.length) received = Buffer.concat([received, await nextBytes(socket)]);
    expect(received.equals(bytes)).toBe(true);
  });

  it("are an alert of a server that does not accept our certificate", async () => {
    const world = new World();
    const pair = new SecurePair({ world });
    const { keyPem: key, pem: cert } = world.leaf(serverId);
    // It trusts nobody, and node:tls says so itself.
    await rogueServer(pair.address, { key, cert, ca: cert, rejectUnauthorized: true });
    const error = await dialError(pair.dial({ protocols: ["h2"] }));
    expect(error.code).toMatch(/^ERR_(REFUSED_BY_PEER|HANDSHAKE_FAILED)$/);
  });
});

async function standIn(behave: (socket: import("node:tls").TLSSocket) => void): Promise<SecurePair> {
  const world = new World();
  const pair = new SecurePair({ world });
  const { keyPem: key, pem: cert } = world.leaf(serverId);
  await rogueServer(pair.address, { key, cert, ca: world.ca.pem }, behave);
  return pair;
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
}

function options(pair: SecurePair) {
  const expected = SpiffeId.parse(serverId);
  return { credentials: pair.clientCredentials, expected, protocols: ["pinwire/1"], handshakeTimeoutMs: 5_000 };
}
