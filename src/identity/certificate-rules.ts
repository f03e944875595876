import type { Certificate } from "../x509/certificate.js";
import { isEmptyName } from "../x509/distinguished-name.js";
import { oids } from "../x509/object-identifiers.js";
import { X509Error } from "../x509/x509-error.js";

/** What a peer does on a connection: it calls, or it serves. */
export type PeerRole = "client" | "server";

const purposes = { client: oids.clientAuth, server: oids.serverAuth } as const;

/**
 * The rules for every certificate that is relied on, leaf or CA: RFC 5280, and what `openssl verify -x509_strict`
 * demands. Returns what is wrong, or undefined.
 */
export function certificateFault(certificate: Certificate): string | undefined {
  if (certificate.version !== 3) return `it is an X.509 v${certificate.version} certificate, not v3`;
  if (isEmptyName(certificate.issuer)) return "its issuer has no name";
  return serialNumberFault(certificate.serialNumber) ?? extensionFault(certificate) ?? keyFault(certificate);
}

/** The rules for a CA certificate: of a bundle, or between the leaf and a bundle (X.509-SVID, sections 3.2 and 4). */
export function authorityFault(certificate: Certificate): string | undefined {
  const { basicConstraints, criticalExtensions, keyUsage } = certificate;
  if (basicConstraints?.ca !== true) return "it is not a CA certificate (basicConstraints CA:TRUE)";
  if (!criticalExtensions.has(oids.basicConstraints)) return "its basicConstraints is not critical";
  if (!keyUsage?.has("keyCertSign")) return "its keyUsage lacks keyCertSign";
  if (isEmptyName(certificate.subject)) return "its subject has no name";
  return certificateFault(certificate);
}

/**
 * Whether the extended key usage of a certificate, if it has one, covers a role; without a role, both (RFC 5280, section
 * 4.2.1.12). In a CA certificate it limits what is below, as OpenSSL, Go and the browsers have it. anyExtendedKeyUsage
 * counts as nothing: what is for everything was made for nothing in particular.
 */
export function purposeFault({ extendedKeyUsage }: Certificate, role?: PeerRole): string | undefined {
  if (extendedKeyUsage === undefined) return undefined;
  const roles: readonly PeerRole[] = role === undefined ? ["client", "server"] : [role];
  const missing = roles.find((needed) => !extendedKeyUsage.includes(purposes[needed]));
  return missing && `its extendedKeyUsage lacks ${missing}Auth`;
}

/** RFC 5280, section 4.1.2.2: positive, 20 octets at most, the sign bit included. */
function serialNumberFault(serialNumber: string): string | undefined {
  if (serialNumber.startsWith("-")) return "its serial number is negative";
  if (serialNumber === "00") return "its serial number is zero";
  const octets = serialNumber.length / 2 + (serialNumber >= "8" ? 1 : 0);
  return octets > 20 ? "its serial number has more than 20 octets" : undefined;
}

/** RFC 5280, sections 4.2, 4.2.1.1 and 4.2.1.2. */
function extensionFault({ criticalExtensions, unknownCriticalExtensions }: Certificate): string | undefined {
  const [unknown] = unknownCriticalExtensions;
  if (unknown !== undefined) return `it has the critical extension ${unknown}, which is unknown here`;
  if (criticalExtensions.has(oids.authorityKeyIdentifier)) return "its authorityKeyIdentifier is critical";
  if (criticalExtensions.has(oids.subjectKeyIdentifier)) return "its subjectKeyIdentifier is critical";
  return undefined;
}

function keyFault(certificate: Certificate): string | undefined {
  try {
    void certificate.publicKey;
    return undefined;
  } catch (error) {
    if (error instanceof X509Error) return error.message;
    throw error;
  }
}
