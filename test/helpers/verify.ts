import { PeerError } from "../../src/errors.js";
import { PinSet } from "../../src/identity/pin-set.js";
import { RevocationSet } from "../../src/identity/revocation-set.js";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { SpkiPin } from "../../src/identity/spki-pin.js";
import { TrustBundle } from "../../src/identity/trust-bundle.js";
import { TrustDomain } from "../../src/identity/trust-domain.js";
import { type PeerIdentity, type VerifyOptions, verifyPeer } from "../../src/identity/verify-peer.js";
import type { Minted } from "./mint.js";
import { thrown } from "./thrown.js";

/** The ID that minted leaves have when nothing else is said. */
export const cli = SpiffeId.parse("spiffe://local.test/cli");

export function bundleOf(...authorities: readonly Minted[]): TrustBundle {
  return TrustBundle.fromPem(TrustDomain.parse("local.test"), authorities.map(({ pem }) => pem).join(""));
}

export function pinOf(leaf: Minted): SpkiPin {
  return SpkiPin.ofSpki(leaf.certificate.spki);
}

/** Options under which everything about the leaf is as it should be: its CA is trusted, its key is pinned. */
export function optionsFor(leaf: Minted, ca: Minted, changes: Partial<VerifyOptions> = {}): VerifyOptions {
  const pins = PinSet.of([[cli, { current: pinOf(leaf) }]]);
  return { bundle: bundleOf(ca), pins, revoked: RevocationSet.none, now: new Date(), role: "client", ...changes };
}

export function verify(chain: readonly Minted[], options: VerifyOptions): PeerIdentity {
  return verifyPeer(
    chain.map(({ der }) => der),
    options,
  );
}

/** What `verifyPeer` objects to: its code, and its message without the beginning that all have in common. */
export function refusal(chain: readonly Minted[], options: VerifyOptions): { code: string; fault: string } {
  const { code, message } = thrown(PeerError, () => verify(chain, options));
  return { code, fault: message.replace("the peer's certificate is refused: ", "") };
}
