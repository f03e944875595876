import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { describe, expect, it } from "vitest";
import { SecurePair, socketClosed } from "../helpers/secure-pair.js";

// Whatever is written to the socket that is no TLS: one report, one closed connection, and the server lives.
describe("AUTH-23: a peer that speaks no TLS is closed and reported once", () => {
  it.each([
    ["HTTP/1.1", Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), "474554202f204854"],
    ["HTTP/2 without TLS", Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "505249202a204854"],
    ["one byte", Buffer.from("\n"), "0a"],
    ["a TLS alert", Buffer.from("15030300020228", "hex"), "15030300020228"],
    ["TLS application data", Buffer.from("1703030001ff", "hex"), "1703030001ff"],
    ["a megabyte of zeros", Buffer.alloc(1_048_576), "0000000000000000"],
    ["the handshake of SSL 2", Buffer.from("802e0100020015", "hex"), "802e0100020015"],
  ])("%s", async (_, bytes, shown) => {
    const pair = await SecurePair.start();
    const socket = pair.rawSocket();
    socket.resume().write(bytes);
    await socketClosed(socket);
    expect((await pair.refused.next()).reason).toMatchObject({
      code: "ERR_PROTOCOL_VERSION",
      message: `the peer does not speak TLS, its first bytes are ${shown}`,
    });
    await pair.expectService();
    expect(pair.refused.all.length).toBe(1);
  });

  it.each([
    ["a record of garbage", Buffer.concat([Buffer.from("1603010040", "hex"), randomBytes(64)])],
    ["an empty record", Buffer.from("1603010000", "hex")],
    ["records without end", Buffer.from("1603010000".repeat(4_000), "hex")],
    [
      "a hello of random length fields",
      Buffer.concat([Buffer.from("16030100ff010000fb0303", "hex"), randomBytes(249)]),
    ],
    ["the largest record there is, and more", Buffer.concat([Buffer.from("160301ffff", "hex"), randomBytes(80_000)])],
  ])("%s that begins like TLS", async (_, bytes) => {
    const pair = await SecurePair.start({ limits: { handshakeTimeoutMs: 1_000 } });
    const socket = pair.rawSocket();
    socket.resume().write(bytes);
    await socketClosed(socket);
    const { code } = (await pair.refused.next()).reason;
    expect(code).toMatch(/^ERR_(HANDSHAKE_FAILED|PROTOCOL_VERSION|HANDSHAKE_TIMEOUT)$/);
    await pair.expectService();
    expect(pair.refused.all.length).toBe(1);
  });

  it("a hello that announces more than a socket buffers is not waited for", async () => {
    const pair = await SecurePair.start();
    const socket = pair.rawSocket();
    socket.resume().write(Buffer.concat([Buffer.from("160301ffff", "hex"), Buffer.alloc(30_000)]));
    await socketClosed(socket);
    expect((await pair.refused.next()).reason).toMatchObject({
      code: "ERR_PROTOCOL_VERSION",
      message: "the peer does not speak TLS",
    });
  });

  it("a thousand random beginnings", async () => {
    const pair = await SecurePair.start({ limits: { handshakeTimeoutMs: 1_000 } });
    for (let round = 0; round < 20; round++) {
      const sockets = Array.from({ length: 50 }, () => {
        const socket = pair.rawSocket().resume();
        const bytes = randomBytes(1 + Math.floor(Math.random() * 600));
        if (round % 2 === 1) Buffer.from("160303", "hex").copy(bytes);
        socket.end(bytes);
        return socketClosed(socket);
      });
      await Promise.all(sockets);
    }
    await pair.expectService();
    expect(pair.accepted.all.length).toBe(1);
    // Ten within a second, and one with the numbers.
    expect(pair.refused.all.length).toBeLessThan(1_000);
  });

  it("real clients without TLS get an error, not an answer", async () => {
    const pair = await SecurePair.start();
    const http = request({ socketPath: pair.address.path, path: "/" });
    http.end();
    expect(await once(http, "error")).toMatchObject([{ code: "ECONNRESET" }]);
    const http2 = connectHttp2("http://localhost", { createConnection: () => pair.rawSocket() });
    http2.on("error", () => {});
    await new Promise<void>((resolve) => http2.once("close", resolve));
    await pair.expectService();
  });

  it("a visit without a word is no event: a server that starts looks whether another one answers", async () => {
    const pair = await SecurePair.start();
    const socket = pair.rawSocket();
    await once(socket, "connect");
    socket.resume().end();
    await socketClosed(socket);
    await pair.expectService();
    expect(pair.refused.all).toEqual([]);
  });
});
