import { type KeyObject, verify } from "node:crypto";
import type { Certificate } from "./certificate.js";
import { isAcceptableKey } from "./keys.js";
import { findSignatureAlgorithm } from "./signature-algorithms.js";

/**
 * Whether `issuerKey` signed the certificate. Anything but ECDSA on P-256 or P-384 with SHA-256 or SHA-384, or RSA of at
 * least 2,048 bits (PKCS#1 or PSS) with SHA-256 or better, is a no.
 *
 * Only node:crypto verifies: node-forge's RSA accepts signatures that it must refuse (Wycheproof).
 */
export function isSignedBy(certificate: Certificate, issuerKey: KeyObject): boolean {
  return isSignature(certificate.tbs, certificate.signature, certificate.signatureAlgorithmDer, issuerKey);
}

/** Whether `signature` is one over `data` by the private half of `key`; `algorithm` is a DER AlgorithmIdentifier. */
export function isSignature(data: Buffer, signature: Buffer, algorithm: Buffer, key: KeyObject): boolean {
  const found = isAcceptableKey(key) ? findSignatureAlgorithm(algorithm, key) : undefined;
  if (found === undefined) return false;
  const { hash, padding, saltLength } = found;
  const options = { key, ...(padding && { padding }), ...(saltLength && { saltLength }) };
  return verify(hash, data, options, signature);
}
