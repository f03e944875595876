import { ConfigError } from "../errors.js";
import { type Certificate, parseCertificate } from "../x509/certificate.js";
import { describeName } from "../x509/distinguished-name.js";
import { decodePem, encodePem } from "../x509/pem.js";
import { X509Error } from "../x509/x509-error.js";
import { authorityFault } from "./certificate-rules.js";
import type { TrustDomain } from "./trust-domain.js";

/** The CA certificates that are trusted to vouch for a trust domain: its X.509 authorities. Read once, used often. */
export class TrustBundle {
  readonly trustDomain: TrustDomain;
  /** At least one. */
  readonly authorities: readonly Certificate[];
  readonly #bySubject = new Map<string, Certificate[]>();

  private constructor(trustDomain: TrustDomain, authorities: readonly Certificate[]) {
    this.trustDomain = trustDomain;
    this.authorities = authorities;
    for (const authority of authorities) {
      const key = authority.subject.toString("latin1");
      this.#bySubject.set(key, [...(this.#bySubject.get(key) ?? []), authority]);
    }
  }

  /**
   * Reads PEM certificates. Each must be a CA certificate with an acceptable key. An expired one is no error here,
   * because old and new authorities overlap while they are exchanged; no path leads to it.
   *
   * @param source the name of the file, for messages
   * @throws ConfigError ERR_FILE_MALFORMED
   */
  static fromPem(trustDomain: TrustDomain, pem: string, source = "the trust bundle"): TrustBundle {
    const authorities = parseAuthorities(pem, source);
    const unique = new Map(authorities.map((authority) => [authority.der.toString("latin1"), authority]));
    return new TrustBundle(trustDomain, [...unique.values()]);
  }

  /** The authorities with this DER Name as their subject. */
  named(subject: Buffer): readonly Certificate[] {
    return this.#bySubject.get(subject.toString("latin1")) ?? [];
  }

  /** Whether this very certificate is one of the authorities. */
  has(authority: Certificate): boolean {
    return this.named(authority.subject).some(({ der }) => der.equals(authority.der));
  }

  toPem(): string {
    return this.authorities.map(({ der }) => encodePem(der, "CERTIFICATE")).join("");
  }
}

function parseAuthorities(pem: string, source: string): Certificate[] {
  const authorities = parseAll(pem, source);
  if (authorities.length === 0) throw malformed(source, "it contains no certificate");
  for (const authority of authorities) {
    const fault = authorityFault(authority);
    if (fault !== undefined) throw malformed(source, `${describeName(authority.subject)}: ${fault}`);
  }
  return authorities;
}

function parseAll(pem: string, source: string): Certificate[] {
  try {
    return decodePem(pem, "CERTIFICATE").map(parseCertificate);
  } catch (error) {
    if (error instanceof X509Error) throw malformed(source, error.message, error);
    throw error;
  }
}

function malformed(source: string, problem: string, cause?: X509Error): ConfigError {
  return new ConfigError(
    "ERR_FILE_MALFORMED",
    `${source} cannot be used: ${problem}`,
    "copy the CA's ca.pem there, whole and unchanged",
    cause && { cause },
  );
}
