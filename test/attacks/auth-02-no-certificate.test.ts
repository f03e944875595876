import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { refusalBytes } from "../../src/transport/refusal.js";
import { SecurePair } from "../helpers/secure-pair.js";
import { visit } from "../helpers/tls-peer.js";
import { has } from "../helpers/tools.js";

describe("AUTH-02: a client without a certificate is refused", () => {
  it.each(["h2", "pinwire/1"])(
    "hears the constant sentence in the protocol %s; the reason is reported",
    async (protocol) => {
      const pair = await SecurePair.start();
      const { said } = visit(pair, { ALPNProtocols: [protocol] });
      const { reason, reference } = await pair.refused.next();
      expect(reason).toMatchObject({ code: "ERR_NO_CERTIFICATE", message: "the peer sent no certificate" });
      expect((await said).bytes).toEqual(refusalBytes(protocol, { kind: "refused", reference }));
      expect(pair.accepted.all).toEqual([]);
      await pair.expectService();
    },
  );

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
