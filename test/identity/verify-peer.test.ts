import { describe, expect, test } from "vitest";
import { PinSet } from "../../src/identity/pin-set.js";
import { RevocationSet } from "../../src/identity/revocation-set.js";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { SpkiPin } from "../../src/identity/spki-pin.js";
import { TrustBundle } from "../../src/identity/trust-bundle.js";
import { TrustDomain } from "../../src/identity/trust-domain.js";
import { verifyPeer } from "../../src/identity/verify-peer.js";
import { mintCa, mintLeaf } from "../helpers/mint.js";

describe("verifyPeer", () => {
  test("accepts a good leaf", () => {
    const ca = mintCa();
    const leaf = mintLeaf(ca);
    const id = SpiffeId.parse("spiffe://local.test/cli");
    const peer = verifyPeer([leaf.der], {
      bundle: TrustBundle.fromPem(TrustDomain.parse("local.test"), ca.pem),
      pins: PinSet.of([[id, { current: SpkiPin.ofSpki(leaf.certificate.spki) }]]),
      revoked: RevocationSet.none,
      now: new Date(),
      role: "client",
    });
    expect(`${peer}`).toBe("spiffe://local.test/cli");
  });
});
