import { ConfigError } from "../errors.js";
import type { Certificate } from "../x509/certificate.js";
import { quote } from "./quote.js";

/** What identifies a certificate to its issuer (RFC 5280, section 5.3). */
export interface RevokedCertificate {
  /** DER Name. */
  readonly issuer: Buffer;
  /** Hex; letter case and leading zeros do not matter. */
  readonly serialNumber: string;
}

/** Certificates that were withdrawn before they expired. */
export class RevocationSet {
  static readonly none = RevocationSet.of([]);

  readonly #keys: ReadonlySet<string>;

  private constructor(keys: ReadonlySet<string>) {
    this.#keys = keys;
  }

  /** @throws ConfigError ERR_INVALID_OPTION when a serial number is not hex: an entry that matches nothing is worse */
  static of(revoked: Iterable<RevokedCertificate>): RevocationSet {
    return new RevocationSet(new Set(Array.from(revoked, keyOf)));
  }

  get size(): number {
    return this.#keys.size;
  }

  has(certificate: Pick<Certificate, "issuer" | "serialNumber">): boolean {
    return this.#keys.size > 0 && this.#keys.has(keyOf(certificate));
  }
}

function keyOf({ issuer, serialNumber }: RevokedCertificate): string {
  if (!/^-?[0-9a-fA-F]+$/.test(serialNumber)) {
    throw new ConfigError(
      "ERR_INVALID_OPTION",
      `${quote(serialNumber)} is not a serial number`,
      "write it in hexadecimal digits",
    );
  }
  return `${serialNumber.toLowerCase().replace(/^(-?)0+/, "$1")}@${issuer.toString("base64")}`;
}
