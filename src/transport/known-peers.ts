import type { TrustBundle } from "../identity/trust-bundle.js";
import { type PeerIdentity, recheckPeer, type VerifyOptions, verifyPeer } from "../identity/verify-peer.js";

/**
 * `verifyPeer`, remembering whom it said yes to: a peer that comes again with the very same certificates, in the same
 * role and under the same authorities, is only rechecked. That leaves out what cannot have changed (parsing, signatures,
 * the rules for leaves) and looks again at what can (time, revocation, pin, the expected ID).
 *
 * @throws PeerError as `verifyPeer`
 */
export function verifyKnownPeer(chain: readonly Buffer[], options: VerifyOptions): PeerIdentity {
  const known = knownUnder(options.bundle);
  // Each certificate is DER, which says how long it is: two chains cannot have the same concatenation.
  const key = [options.role, ...chain.map((certificate) => certificate.toString("latin1"))].join("");
  const remembered = known.get(key);
  if (remembered !== undefined) {
    recheckPeer(remembered, options);
    return remembered;
  }
  const peer = verifyPeer(chain, options);
  if (known.size >= mostKnown) known.clear();
  known.set(key, peer);
  return peer;
}

/** Only pinned peers are remembered, so there are few; each renewed leaf is one more. */
const mostKnown = 512;
const peersByBundle = new WeakMap<TrustBundle, Map<string, PeerIdentity>>();

function knownUnder(bundle: TrustBundle): Map<string, PeerIdentity> {
  const known = peersByBundle.get(bundle) ?? new Map<string, PeerIdentity>();
  peersByBundle.set(bundle, known);
  return known;
}
