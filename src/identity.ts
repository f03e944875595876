// "pinwire/identity": identities and certificates, for extension authors. Loads the ASN.1 parser, which "pinwire" does not.
export { type CheckReport, type CredentialCheck, checkCredentials } from "./credentials/check-credentials.js";
export type { CredentialState } from "./credentials/credential-state.js";
export type { PinOutcome } from "./credentials/merge-pins.js";
export { MtlsCredentials, staticCredentials } from "./credentials/mtls-credentials.js";
export { type PinPeersOptions, type PinReport, pinPeers } from "./credentials/pin-peers.js";
export { checkLeafProfile, type LeafProfileResult, type PeerRole } from "./identity/leaf-profile.js";
export { type PinEntry, PinSet, type PinSetJson, type PinVerdict } from "./identity/pin-set.js";
export { RevocationSet, type RevokedCertificate } from "./identity/revocation-set.js";
export { SpiffeId } from "./identity/spiffe-id.js";
export { SpkiPin } from "./identity/spki-pin.js";
export { TrustBundle } from "./identity/trust-bundle.js";
export { TrustDomain } from "./identity/trust-domain.js";
export { PeerIdentity, recheckPeer, type VerifyOptions, verifyPeer } from "./identity/verify-peer.js";
export { X509Svid, type X509SvidSource } from "./identity/x509-svid.js";
export type { Certificate } from "./x509/certificate.js";
export type { Extensions } from "./x509/read-extensions.js";
