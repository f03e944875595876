import { describe, expect, it } from "vitest";
import { RevocationSet } from "../../src/identity/revocation-set.js";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { TrustBundle } from "../../src/identity/trust-bundle.js";
import type { VerifyOptions } from "../../src/identity/verify-peer.js";
import { verifyKnownPeer } from "../../src/transport/known-peers.js";
import { oids } from "../../src/x509/object-identifiers.js";
import { clientId, serverId, World } from "../helpers/identities.js";
import { mintCa } from "../helpers/mint.js";

// Each begins with a peer that is known already, and changes one thing that has nothing to do with its certificates.
describe("verifyKnownPeer", () => {
  it("gives a peer that comes again the same identity", () => {
    const { chain, options } = knownPeer();
    expect(verifyKnownPeer(chain, options)).toBe(verifyKnownPeer([Buffer.from(chain[0] ?? "")], { ...options }));
  });

  it.each<[string, (world: World) => Partial<VerifyOptions>, string]>([
    [
      "its pin was withdrawn",
      (world) => ({ pins: world.credentials(serverId, "spiffe://local.test/other").pins }),
      "ERR_NOT_PINNED",
    ],
    ["its pin is another", () => ({ pins: new World().credentials(serverId, clientId).pins }), "ERR_PIN_MISMATCH"],
    ["it was revoked", (world) => ({ revoked: RevocationSet.of([world.leaf(clientId).certificate]) }), "ERR_REVOKED"],
    ["it expired", () => ({ now: new Date(Date.now() + 2 * 86_400_000) }), "ERR_CERTIFICATE_EXPIRED"],
    ["the clock was set back", () => ({ now: new Date(Date.now() - 86_400_000) }), "ERR_CERTIFICATE_NOT_YET_VALID"],
    ["another peer is expected", () => ({ expected: SpiffeId.parse(serverId) }), "ERR_UNEXPECTED_IDENTITY"],
    ["its CA is no longer trusted", () => ({ bundle: new World().credentials(serverId).bundle }), "ERR_UNKNOWN_ISSUER"],
  ])("looks again whether %s", (_, change, code) => {
    const { world, chain, options } = knownPeer();
    const now = { ...options, ...change(world) };
    expect(() => verifyKnownPeer(chain, now)).toThrow(expect.objectContaining({ code }));
    expect(() => verifyKnownPeer(chain, now)).toThrow(expect.objectContaining({ code }));
  });

  it("does not outlive a CA certificate that was replaced by one that ends sooner", () => {
    const { world, chain, options } = knownPeer();
    const { key, subject } = world.ca;
    const notAfter = new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_000);
    const bundle = TrustBundle.fromPem(options.bundle.trustDomain, mintCa({ key, subject, notAfter }).pem);
    expect(verifyKnownPeer(chain, options).notAfter).toBeGreaterThan(notAfter.getTime());
    expect(verifyKnownPeer(chain, { ...options, bundle }).notAfter).toBe(notAfter.getTime());
  });

  it("does not take a client for a server", () => {
    const { chain, options } = knownPeer({ extendedKeyUsage: [oids.clientAuth] });
    expect(() => verifyKnownPeer(chain, { ...options, role: "server" })).toThrow(
      expect.objectContaining({ code: "ERR_LEAF_PROFILE" }),
    );
  });

  it("does not take a chain for the one that it begins with", () => {
    const { chain, options } = knownPeer();
    const longer = [...chain, mintCa().der];
    expect(verifyKnownPeer(longer, options)).not.toBe(verifyKnownPeer(chain, options));
  });
});

function knownPeer(overrides = {}) {
  const world = new World();
  world.leaf(clientId, overrides);
  const { bundle, pins, revoked } = world.credentials(serverId, clientId);
  const options: VerifyOptions = { bundle, pins, revoked, now: new Date(), role: "client" };
  const chain = [world.leaf(clientId).der];
  verifyKnownPeer(chain, options);
  return { world, chain, options };
}
