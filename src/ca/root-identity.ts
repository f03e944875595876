import { ConfigError } from "../errors.js";
import { SpiffeId } from "../identity/spiffe-id.js";
import type { TrustDomain } from "../identity/trust-domain.js";
import { type Certificate, parseCertificate } from "../x509/certificate.js";
import type { GeneralName } from "../x509/general-name.js";
import { decodePem } from "../x509/pem.js";
import { X509Error } from "../x509/x509-error.js";

/** What the certificate of a local CA says about the CA; nothing else is stored about it. */
export interface RootIdentity {
  readonly certificate: Certificate;
  readonly trustDomain: TrustDomain;
  /** The DNS names that it may sign, and those below them. */
  readonly dnsNames: readonly string[];
}

/**
 * Reads `ca.pem`. Its other properties are checked by `TrustBundle.fromPem`.
 *
 * @throws ERR_FILE_MALFORMED
 */
export function readRootIdentity(pem: string, path: string): RootIdentity {
  const certificate = parseOnly(pem, path);
  const [uri, second] = valuesOf("uri", certificate.subjectAltNames);
  const id = uri !== undefined && second === undefined ? SpiffeId.tryParse(uri) : undefined;
  if (!(id instanceof SpiffeId) || id.path !== "") {
    throw malformed(path, "it does not name its trust domain; it was not made by certs-tool");
  }
  const dnsNames = valuesOf("dns", certificate.nameConstraints?.permitted);
  return { certificate, trustDomain: id.trustDomain, dnsNames };
}

function valuesOf(kind: "uri" | "dns", names: readonly GeneralName[] = []): string[] {
  return names.flatMap((name) => (name.kind === kind ? [name.value] : []));
}

function parseOnly(pem: string, path: string): Certificate {
  try {
    const [der, second] = decodePem(pem, "CERTIFICATE");
    if (der === undefined || second !== undefined) throw malformed(path, "it does not contain exactly one certificate");
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof X509Error) throw malformed(path, error.message);
    throw error;
  }
}

function malformed(path: string, problem: string): ConfigError {
  return new ConfigError(
    "ERR_FILE_MALFORMED",
    `${path} is not the certificate of a local CA: ${problem}`,
    "restore the file from a backup, or create a new CA in another directory",
  );
}
