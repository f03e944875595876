import { createHash } from "node:crypto";
import { checkLeafProfile } from "../identity/leaf-profile.js";
import { SpkiPin } from "../identity/spki-pin.js";
import { validityFault } from "../identity/validity.js";
import type { Certificate } from "../x509/certificate.js";
import { describeName } from "../x509/distinguished-name.js";
import type { GeneralName } from "../x509/general-name.js";
import { oids } from "../x509/object-identifiers.js";

/** What a certificate says, in plain JSON. Nothing of it has been verified. */
export interface CertificateDescription {
  readonly kind: "certificate";
  /** Set when it can be the leaf of an identity. */
  readonly spiffeId?: string;
  /** Why it cannot be the leaf of an identity. */
  readonly leafFault?: string;
  readonly ca: boolean;
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
  /** ISO 8601, UTC. */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly state: "valid" | "expired" | "not yet valid";
  /** For example `URI:spiffe://local.test/cli`. */
  readonly names: readonly string[];
  readonly permittedNames?: readonly string[];
  readonly excludedNames?: readonly string[];
  readonly keyUsage: readonly string[];
  readonly extendedKeyUsage: readonly string[];
  readonly pin: string;
  /** Hex SHA-256 of the whole certificate. */
  readonly sha256: string;
}

export function describeCertificate(certificate: Certificate, now: Date): CertificateDescription {
  const { basicConstraints, nameConstraints } = certificate;
  const profile = checkLeafProfile(certificate);
  return {
    kind: "certificate",
    ...(profile.ok ? { spiffeId: profile.id.toString() } : { leafFault: profile.fault }),
    ca: basicConstraints?.ca === true,
    subject: describeName(certificate.subject),
    issuer: describeName(certificate.issuer),
    serialNumber: certificate.serialNumber,
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    state: stateOf(certificate, now),
    names: (certificate.subjectAltNames ?? []).map(describeGeneralName),
    ...(nameConstraints && {
      permittedNames: nameConstraints.permitted.map(describeGeneralName),
      excludedNames: nameConstraints.excluded.map(describeGeneralName),
    }),
    keyUsage: [...(certificate.keyUsage ?? [])],
    extendedKeyUsage: (certificate.extendedKeyUsage ?? []).map((oid) => purposeNames.get(oid) ?? oid),
    pin: SpkiPin.ofSpki(certificate.spki).toString(),
    sha256: createHash("sha256").update(certificate.der).digest("hex"),
  };
}

const purposeNames = new Map<string, string>([
  [oids.serverAuth, "serverAuth"],
  [oids.clientAuth, "clientAuth"],
  [oids.emailProtection, "emailProtection"],
  [oids.anyExtendedKeyUsage, "anyExtendedKeyUsage"],
]);

function stateOf(certificate: Certificate, now: Date): CertificateDescription["state"] {
  const fault = validityFault(certificate, now);
  if (fault === undefined) return "valid";
  return fault.code === "ERR_CERTIFICATE_EXPIRED" ? "expired" : "not yet valid";
}

function describeGeneralName(name: GeneralName): string {
  switch (name.kind) {
    case "dn":
      return `DN:${describeName(name.value)}`;
    case "ip":
      return `IP:${name.value.toString("hex")}`;
    case "other":
      return `tag ${name.tag}:${name.value.toString("hex")}`;
    default:
      return `${name.kind.toUpperCase()}:${name.value}`;
  }
}
