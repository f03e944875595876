import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConnectionOptions, SecureVersion } from "node:tls";
import { describe, expect, it } from "vitest";
import { clientId, serverId, World } from "../helpers/identities.js";
import { dialError, SecurePair } from "../helpers/secure-pair.js";
import { tempDirectory } from "../helpers/temp-directory.js";
import { rogueServer, visit } from "../helpers/tls-peer.js";
import { has } from "../helpers/tools.js";

// The client is the right one in everything but the one thing.
describe("AUTH-20: only TLS 1.3 with a protocol of ours", () => {
  const noAlpn = "the peer offered none of the protocols of this server by ALPN";
  it.each<[string, ConnectionOptions, string]>([
    ["TLS 1.2", version("TLSv1.2"), "the peer does not speak TLS 1.3"],
    ["TLS 1.1", { ...version("TLSv1.1"), ciphers: "DEFAULT@SECLEVEL=0" }, "the peer does not speak TLS 1.3"],
    ["TLS 1.0", { ...version("TLSv1"), ciphers: "DEFAULT@SECLEVEL=0" }, "the peer does not speak TLS 1.3"],
    ["CBC", { ...version("TLSv1.2"), ciphers: "ECDHE-ECDSA-AES128-SHA256" }, "the peer does not speak TLS 1.3"],
    [
      "a suite that is not offered",
      { ciphers: "TLS_AES_128_CCM_SHA256" },
      "the peer offered no cipher suite of TLS 1.3",
    ],
    ["another ALPN protocol", { ALPNProtocols: ["http/1.1"] }, noAlpn],
    ["a protocol that only begins like ours", { ALPNProtocols: ["h2c", "h", "pinwire/10"] }, noAlpn],
    ["no ALPN", { ALPNProtocols: [] }, "the peer offered none of the protocols pinwire/1, h2 by ALPN"],
  ])("%s is refused", async (_, options, message) => {
    const pair = await SecurePair.start();
    const { said } = visit(pair, { ...identity(pair.world), ...options });
    expect((await pair.refused.next()).reason).toMatchObject({ code: "ERR_PROTOCOL_VERSION", message });
    expect((await said).bytes.length).toBe(0);
    expect(pair.accepted.all).toEqual([]);
    await pair.expectService();
    expect(pair.refused.all.length).toBe(1);
  });

  it("still after the credentials were replaced, which would otherwise reset the minimum", async () => {
    const pair = await SecurePair.start();
    pair.serverCredentials.set(pair.world.credentials(serverId, clientId));
    visit(pair, { ...identity(pair.world), ...version("TLSv1.2") });
    expect((await pair.refused.next()).reason).toMatchObject({
      code: "ERR_PROTOCOL_VERSION",
      message: "the peer does not speak TLS 1.3",
    });
    await pair.expectService();
  });

  it("is what the client demands too", async () => {
    const world = new World();
    const { keyPem: key, pem: cert } = world.leaf(serverId);
    const rogues = [
      [{ maxVersion: "TLSv1.2" }, "the peer refuses us: protocol version"],
      [{ ALPNProtocols: ["http/1.1"] }, "the peer refuses us: no application protocol"],
      [{ ALPNProtocols: [] }, "the peer offered none of the protocols pinwire/1 by ALPN"],
    ] as const;
    for (const [options, message] of rogues) {
      const pair = new SecurePair({ world });
      const { ALPNProtocols, ...rest } = { ALPNProtocols: ["pinwire/1"], ...options };
      await rogueServer(pair.address, { key, cert, ca: world.ca.pem, ALPNProtocols: [...ALPNProtocols], ...rest });
      expect(await dialError(pair.dial())).toMatchObject({ code: "ERR_PROTOCOL_VERSION", message });
    }
  });

  it("never resumes a session, which would skip the certificates", async () => {
    const pair = await SecurePair.start();
    const first = visit(pair, identity(pair.world));
    const session = new Promise<Buffer>((resolve) => first.socket.once("session", resolve));
    await pair.accepted.next();
    const ticket = await Promise.race([
      session,
      once(first.socket.end(), "close").then(() => first.socket.getSession()),
    ]);
    const second = visit(pair, { ...identity(pair.world), ...(ticket && { session: ticket }) });
    await once(second.socket, "secureConnect");
    expect(second.socket.isSessionReused()).toBe(false);
    expect((await pair.accepted.next()).peer.id.toString()).toBe(clientId);
  });

  it.skipIf(!has("openssl"))(
    "openssl s_client gets in with TLS 1.3 only, and cannot resume or renegotiate",
    async () => {
      const pair = await SecurePair.start();
      const directory = tempDirectory();
      const { keyPem, pem } = pair.world.leaf(clientId);
      writeFileSync(join(directory, "key.pem"), keyPem);
      writeFileSync(join(directory, "cert.pem"), pem);
      const base = ["s_client", "-unix", pair.address.path, "-alpn", "h2", "-key", "key.pem", "-cert", "cert.pem"];
      const run = (...options: string[]) => openssl(directory, [...base, ...options]);
      expect(await run("-tls1_3", "-sess_out", "session")).toContain("Protocol  : TLSv1.3");
      expect(await run("-tls1_2")).toContain("alert protocol version");
      expect(await run("-tls1_3", "-sess_in", "session")).not.toContain("Reused, TLS");
      expect(pair.accepted.all.length).toBe(2);
    },
  );
});

function version(only: SecureVersion): ConnectionOptions {
  return { minVersion: only, maxVersion: only };
}

function identity(world: World): ConnectionOptions {
  const { keyPem: key, pem: cert } = world.leaf(clientId);
  return { key, cert, ca: world.ca.pem };
}

async function openssl(cwd: string, args: string[]): Promise<string> {
  const client = spawn("openssl", args, { cwd });
  let output = "";
  for (const stream of [client.stdout, client.stderr]) stream.on("data", (chunk) => (output += chunk));
  client.stdin.on("error", () => {});
  // The echoing server speaks first; then the session, if there is one, has been received.
  client.stdout.once("data", () => client.stdin.end("Q\n"));
  await once(client, "close");
  return output;
}
