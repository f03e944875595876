import type { KeyObject } from "node:crypto";
import { contextConstructed, DerReader, Tag } from "./der-reader.js";
import { decodeOctetAlignedBits, decodeSmallInteger } from "./der-values.js";
import { decodePem } from "./pem.js";
import { publicKeyFromSpki } from "./public-key-info.js";
import { isSignature } from "./verify-signature.js";
import { X509Error } from "./x509-error.js";

const what = "certification request";
/** A request with an RSA-8192 key and many attributes has a few kilobytes. */
const maxRequestBytes = 65_536;

/**
 * The public key of a PKCS#10 certification request (RFC 2986), after its signature has proved that whoever made the
 * request holds the private one. Subject and attributes are wishes; they are passed over unread.
 *
 * @throws X509Error
 */
export function publicKeyOfRequest(pem: string): KeyObject {
  const [der, second] = decodePem(pem, "CERTIFICATE REQUEST");
  if (der === undefined || second !== undefined) throw new X509Error(`${what}: not exactly one block`);
  if (der.length > maxRequestBytes) throw new X509Error(`${what}: more than ${maxRequestBytes} bytes`);
  const request = new DerReader(DerReader.only(der, Tag.SEQUENCE, what).content);
  const info = request.read(Tag.SEQUENCE, what);
  const algorithm = request.read(Tag.SEQUENCE, what).der;
  const signature = decodeOctetAlignedBits(request.read(Tag.BIT_STRING, what).content, what);
  request.end(what);
  const key = publicKeyFromSpki(readSpki(info.content));
  if (!isSignature(info.der, signature, algorithm, key))
    throw new X509Error(`${what}: its signature is not by its key`);
  return key;
}

function readSpki(info: Buffer): Buffer {
  const reader = new DerReader(info);
  const version = decodeSmallInteger(reader.read(Tag.INTEGER, what).content, what);
  if (version !== 0) throw new X509Error(`${what}: not version 1`);
  reader.read(Tag.SEQUENCE, `${what}, subject`);
  const spki = reader.read(Tag.SEQUENCE, `${what}, key`).der;
  // Present even when there are none (RFC 2986, section 4.1), but OpenSSL has written requests without.
  reader.readOptional(contextConstructed(0), `${what}, attributes`);
  reader.end(what);
  return spki;
}
