import type { PinSet } from "../identity/pin-set.js";
import type { RevocationSet } from "../identity/revocation-set.js";
import type { TrustBundle } from "../identity/trust-bundle.js";
import type { X509Svid } from "../identity/x509-svid.js";

/** Everything one end of a connection needs, valid together: who I am, whom I trust, whom I know. */
export interface CredentialState {
  readonly svid: X509Svid;
  readonly bundle: TrustBundle;
  readonly pins: PinSet;
  readonly revoked: RevocationSet;
}
