import type { ExtensionTemplate } from "./build-extension.js";
import * as write from "./der-writer.js";
import { ecdsaWithSha256 } from "./signature-algorithms.js";

/** Everything a certificate says, before it is signed. Nothing is checked: tests write wrong ones with it too. */
export interface CertificateTemplate {
  /** Default 3. */
  readonly version?: 1 | 2 | 3;
  /** The content octets of the INTEGER: big-endian, the first bit is the sign. */
  readonly serialNumber: Buffer;
  /** DER AlgorithmIdentifier; default ecdsa-with-SHA256. */
  readonly signatureAlgorithm?: Buffer;
  /** DER Names, see `encodeName`. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Buffer;
  /** In the order in which they are written; when empty the field is left out. */
  readonly extensions: readonly ExtensionTemplate[];
}

/**
 * Encodes a certificate (RFC 5280, section 4.1) and has it signed. `sign` gets the DER TBSCertificate and returns the
 * signature octets, so that any signer fits: node:crypto, a PKCS#11 token, a key service.
 */
export function buildCertificate(template: CertificateTemplate, sign: (tbs: Buffer) => Buffer): Buffer {
  const { signatureAlgorithm = ecdsaWithSha256 } = template;
  const tbs = tbsCertificate(template, signatureAlgorithm);
  const signature = sign(write.toDer(tbs));
  return write.toDer(write.sequence(tbs, write.raw(signatureAlgorithm), write.bitString(signature)));
}

function tbsCertificate(template: CertificateTemplate, signatureAlgorithm: Buffer): write.DerNode {
  const { version = 3, extensions } = template;
  return write.sequence(
    ...(version === 1 ? [] : [write.explicit(0, write.smallInteger(version - 1))]),
    write.integer(template.serialNumber),
    write.raw(signatureAlgorithm),
    write.raw(template.issuer),
    write.sequence(write.time(template.notBefore), write.time(template.notAfter)),
    write.raw(template.subject),
    write.raw(template.spki),
    ...(extensions.length === 0 ? [] : [write.explicit(3, write.sequence(...extensions.map(extension)))]),
  );
}

function extension({ oid, critical, value }: ExtensionTemplate): write.DerNode {
  return write.sequence(write.oid(oid), ...(critical ? [write.boolean(true)] : []), write.octetString(value));
}
