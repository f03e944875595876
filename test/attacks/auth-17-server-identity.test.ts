import { describe, expect, it } from "vitest";
import { oids } from "../../src/x509/object-identifiers.js";
import { serverId, World } from "../helpers/identities.js";
import { type LeafOverrides, mintCa, mintLeaf } from "../helpers/mint.js";
import { dialError, SecurePair } from "../helpers/secure-pair.js";
import { rogueServer } from "../helpers/tls-peer.js";

describe("AUTH-17: a server whose certificate is not good for it is refused by the client, who says nothing to it", () => {
  it.each<[string, LeafOverrides, string, string]>([
    ["for clients only", { extendedKeyUsage: [oids.clientAuth] }, "ERR_LEAF_PROFILE", "lacks serverAuth"],
    ["without extended key usage", { extendedKeyUsage: null }, "ERR_LEAF_PROFILE", "it has no extendedKeyUsage"],
    ["expired", { notAfter: new Date(Date.now() - 60_000) }, "ERR_CERTIFICATE_EXPIRED", "expired"],
    ["of another key than the one that is pinned", {}, "ERR_PIN_MISMATCH", `not one pinned for ${serverId}`],
    ["of another CA of the same name", { signWith: mintCa().key }, "ERR_UNKNOWN_ISSUER", ""],
    ["of another trust domain", { id: "spiffe://other.test/greeter" }, "ERR_WRONG_TRUST_DOMAIN", "other.test"],
  ])("%s", async (_, overrides, code, message) => {
    const world = new World();
    const pair = new SecurePair({ world });
    const leaf = mintLeaf(world.ca, { id: serverId, ...overrides });
    const heard: Buffer[] = [];
    await rogueServer(pair.address, { key: leaf.keyPem, cert: leaf.pem, ca: world.ca.pem }, (socket) => {
      socket.on("data", (chunk) => heard.push(chunk));
    });
    expect(await dialError(pair.dial())).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(heard).toEqual([]);
  });

  it("is accepted when nothing is wrong with it, so that it is not the stage that is refused", async () => {
    const world = new World();
    const pair = new SecurePair({ world });
    const { keyPem, pem } = world.leaf(serverId);
    await rogueServer(pair.address, { key: keyPem, cert: pem, ca: world.ca.pem });
    expect((await pair.connect()).peer.id.toString()).toBe(serverId);
  });

  it("without a handshake that proves the key: a copied certificate is worth nothing", async () => {
    const world = new World();
    const pair = new SecurePair({ world });
    const copied = world.leaf(serverId).pem;
    const own = mintLeaf(world.ca, { id: serverId });
    // node:tls itself refuses a key that does not fit, so the thief sends its own leaf and the copied one behind it.
    await rogueServer(pair.address, { key: own.keyPem, cert: own.pem + copied, ca: world.ca.pem });
    expect(await dialError(pair.dial())).toMatchObject({ code: "ERR_PIN_MISMATCH" });
  });
});
