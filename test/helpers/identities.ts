import type { CredentialState } from "../../src/credentials/credential-state.js";
import { PinSet } from "../../src/identity/pin-set.js";
import { RevocationSet } from "../../src/identity/revocation-set.js";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { SpkiPin } from "../../src/identity/spki-pin.js";
import { TrustBundle } from "../../src/identity/trust-bundle.js";
import { TrustDomain } from "../../src/identity/trust-domain.js";
import { X509Svid } from "../../src/identity/x509-svid.js";
import { type LeafOverrides, type Minted, mintCa, mintLeaf } from "./mint.js";

export const serverId = "spiffe://local.test/greeter";
export const clientId = "spiffe://local.test/cli";

/** A CA, and identities of it that know each other. */
export class World {
  readonly ca: Minted = mintCa();
  readonly #leaves = new Map<string, Minted>();

  /** The leaf of an ID; minted when first asked for, with the overrides of that first time. */
  leaf(id: string, overrides: LeafOverrides = {}): Minted {
    // Clients of other stacks look for a DNS name; over a Unix socket it is "localhost".
    const dns = id === serverId ? ["localhost"] : [];
    const leaf = this.#leaves.get(id) ?? mintLeaf(this.ca, { id, dns, ...overrides });
    this.#leaves.set(id, leaf);
    return leaf;
  }

  pinOf(id: string): SpkiPin {
    return SpkiPin.ofSpki(this.leaf(id).certificate.spki);
  }

  /** The credentials of an ID that pins the others. */
  credentials(id: string, ...peers: readonly string[]): CredentialState {
    const leaf = this.leaf(id);
    return {
      svid: X509Svid.fromPem({ certPem: leaf.pem, keyPem: leaf.keyPem, now: new Date() }),
      bundle: TrustBundle.fromPem(TrustDomain.parse("local.test"), this.ca.pem),
      pins: PinSet.of(peers.map((peer) => [SpiffeId.parse(peer), { current: this.pinOf(peer) }])),
      revoked: RevocationSet.none,
    };
  }
}
