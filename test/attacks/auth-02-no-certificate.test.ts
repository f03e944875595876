import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { refusalBytes } from "../../src/transport/refusal.js";
import { SecurePair } from "../helpers/secure-pair.js";
import { visit } from "../helpers/tls-peer.js";
import { has } from "../helpers/tools.js";

describe("AUTH-02: a client without a certificate is refused", () => {
  it("hears the constant sentence in HTTP/2; the reason is reported", async () => {
    const pair = await SecurePair.start();
    const { said } = visit(pair);
    const { reason, reference } = await pair.refused.next();
    expect(reason).toMatchObject({ code: "ERR_NO_CERTIFICATE", message: "the peer sent no certificate" });
    expect((await said).bytes).toEqual(refusalBytes("h2", { kind: "refused", reference }));
    expect(pair.accepted.all).toEqual([]);
    await pair.expectService();
  });

  it("hears nothing in another protocol", async () => {
    const pair = await SecurePair.start();
    const { bytes } = await visit(pair, { ALPNProtocols: ["pinwire/1"] }).said;
    expect(bytes.length).toBe(0);
    expect((await pair.refused.next()).reason.code).toBe("ERR_NO_CERTIFICATE");
    expect(pair.accepted.all).toEqual([]);
  });

  it("is gone in a moment, also when it never reads, and when it writes all the time", async () => {
    const pair = await SecurePair.start();
    const { socket, said } = visit(pair);
    socket.pause();
    const flood = () => {
      while (socket.writable && socket.write(Buffer.alloc(65_536)));
    };
    socket.on("drain", flood).once("secureConnect", flood);
    expect((await pair.refused.next()).reason.code).toBe("ERR_NO_CERTIFICATE");
    await said;
    await pair.listener.close();
    expect(pair.accepted.all).toEqual([]);
  });

  it.skipIf(!has("openssl"))("openssl s_client sees the same", async () => {
    const pair = await SecurePair.start();
    const client = spawn("openssl", ["s_client", "-unix", pair.address.path, "-alpn", "h2", "-quiet"]);
    client.stdin.on("error", () => {});
    const output: Buffer[] = [];
    client.stdout.on("data", (chunk) => output.push(chunk));
    const { reason, reference } = await pair.refused.next();
    await once(client, "close");
    expect(reason.code).toBe("ERR_NO_CERTIFICATE");
    expect(Buffer.concat(output)).toEqual(refusalBytes("h2", { kind: "refused", reference }));
  });
});
