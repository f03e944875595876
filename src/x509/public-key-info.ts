import { createPublicKey, type KeyObject } from "node:crypto";
import { DerReader, Tag } from "./der-reader.js";
import { checkInteger, decodeOctetAlignedBits } from "./der-values.js";
import { isAcceptableKey } from "./keys.js";
import { X509Error } from "./x509-error.js";

const what = "subjectPublicKeyInfo";

/**
 * Makes a key of a DER SubjectPublicKeyInfo. Only the encodings that RFC 5480 and RFC 3279 give for the accepted kinds
 * are read: a named curve (never its parameters: CVE-2020-0601), an uncompressed point, RSA with NULL parameters. One
 * key then has one encoding, and one pin.
 *
 * @throws X509Error when the key is of another kind, malformed, or too weak.
 */
export function publicKeyFromSpki(spki: Buffer): KeyObject {
  const reader = new DerReader(DerReader.only(spki, Tag.SEQUENCE, what).content);
  const algorithm = reader.read(Tag.SEQUENCE, what).der.toString("hex");
  const bits = decodeOctetAlignedBits(reader.read(Tag.BIT_STRING, what).content, what);
  reader.end(what);
  const checkBits = encodings.get(algorithm);
  if (checkBits === undefined) throw new X509Error(`${what}: not a P-256, P-384 or RSA key`);
  checkBits(bits);
  const key = load(spki);
  if (!isAcceptableKey(key)) throw new X509Error(`${what}: a key weaker than is accepted`);
  return key;
}

/** For each AlgorithmIdentifier, in hex, the check of the bits that follow it. */
const encodings = new Map([
  ["301306072a8648ce3d020106082a8648ce3d030107", uncompressedPoint(32)], // id-ecPublicKey, secp256r1
  ["301006072a8648ce3d020106052b81040022", uncompressedPoint(48)], // id-ecPublicKey, secp384r1
  ["300d06092a864886f70d0101010500", rsaPublicKey], // rsaEncryption, NULL
]);

function uncompressedPoint(coordinateBytes: number): (bits: Buffer) => void {
  return (bits) => {
    if (bits[0] !== 4 || bits.length !== 1 + 2 * coordinateBytes)
      throw new X509Error(`${what}: not an uncompressed point`);
  };
}

function rsaPublicKey(bits: Buffer): void {
  const reader = new DerReader(DerReader.only(bits, Tag.SEQUENCE, what).content);
  checkInteger(reader.read(Tag.INTEGER, what).content, what);
  checkInteger(reader.read(Tag.INTEGER, what).content, what);
  reader.end(what);
}

/** OpenSSL also checks here that a point is on its curve. */
function load(spki: Buffer): KeyObject {
  try {
    return createPublicKey({ key: spki, format: "der", type: "spki" });
  } catch (cause) {
    throw new X509Error(`${what}: not a key`, { cause });
  }
}
