import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { decodePem } from "./pem.js";
import { X509Error } from "./x509-error.js";

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/**
 * A new P-256 key pair: the one curve that every TLS stack takes in a certificate, BoringSSL (Electron) included.
 * It takes a fraction of a millisecond.
 */
export function generateKeys(): KeyPair {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

/**
 * Whether a public or private key is of a kind and size that pinwire relies on: ECDSA P-256 or P-384, or RSA of 2,048 to
 * 8,192 bits in whole octets.
 */
export function isAcceptableKey(key: KeyObject): boolean {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === "ec") {
    return details?.namedCurve === "prime256v1" || details?.namedCurve === "secp384r1";
  }
  return key.asymmetricKeyType === "rsa" && isAcceptableRsa(details?.modulusLength ?? 0, details?.publicExponent ?? 0n);
}

/** The upper bounds keep a hostile certificate from costing more than a few milliseconds to verify. */
function isAcceptableRsa(modulusBits: number, exponent: bigint): boolean {
  const modulus = modulusBits >= 2048 && modulusBits <= 8192 && modulusBits % 8 === 0;
  return modulus && exponent >= 3n && exponent < 2n ** 32n && exponent % 2n === 1n;
}

/** DER SubjectPublicKeyInfo of a public key, or of the public half of a private one. */
export function spkiOf(key: KeyObject): Buffer {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return publicKey.export({ format: "der", type: "spki" });
}

/**
 * PKCS#8 PEM. With a passphrase it is encrypted by AES-256-CBC; OpenSSL derives that key with PBKDF2 in 2,048 rounds,
 * which Node.js cannot raise, so the passphrase must be hard to guess by itself.
 */
export function privateKeyToPem(key: KeyObject, passphrase?: string): string {
  const encryption = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  return key.export({ format: "pem", type: "pkcs8", ...encryption }).toString();
}

/**
 * Reads a PKCS#8 key: one PEM block, `PRIVATE KEY`, or `ENCRYPTED PRIVATE KEY` when a passphrase is given.
 *
 * @throws X509Error when it is anything else, the passphrase is wrong, or the key is not acceptable.
 */
export function privateKeyFromPem(pem: string, passphrase?: string): KeyObject {
  const label = passphrase === undefined ? "PRIVATE KEY" : "ENCRYPTED PRIVATE KEY";
  const [der, second] = decodePem(pem, label);
  if (der === undefined || second !== undefined) throw new X509Error(`private key: not exactly one ${label} block`);
  const key = load(der, passphrase);
  if (!isAcceptableKey(key)) throw new X509Error("private key: not a P-256, P-384 or RSA key of at least 2048 bits");
  return key;
}

function load(der: Buffer, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({
      key: der,
      format: "der",
      type: "pkcs8",
      ...(passphrase === undefined ? {} : { passphrase }),
    });
  } catch {
    // OpenSSL's own error is left out: it may quote what it was given.
    throw new X509Error(
      passphrase === undefined ? "private key: not PKCS#8" : "private key: the passphrase is wrong or it is not PKCS#8",
    );
  }
}
