import { createHash } from "node:crypto";
import { DerReader, Tag } from "./der-reader.js";
import { decodeOctetAlignedBits } from "./der-values.js";

/**
 * The identifier of a key for the SKI and AKI extensions: the first 160 bits of the SHA-256 of the bits of the key (RFC
 * 7093, section 2, method 1). It only helps to find an issuer; nothing trusts it.
 *
 * @throws X509Error when `spki` is not a SubjectPublicKeyInfo.
 */
export function keyIdentifier(spki: Buffer): Buffer {
  const reader = new DerReader(DerReader.only(spki, Tag.SEQUENCE, "subjectPublicKeyInfo").content);
  reader.read(Tag.SEQUENCE, "subjectPublicKeyInfo");
  const bits = reader.read(Tag.BIT_STRING, "subjectPublicKeyInfo").content;
  return createHash("sha256").update(decodeOctetAlignedBits(bits, "subjectPublicKeyInfo")).digest().subarray(0, 20);
}
