import type { KeyObject } from "node:crypto";
import { contextConstructed, DerReader, Tag } from "./der-reader.js";
import { readTime } from "./der-time.js";
import { checkInteger, decodeOctetAlignedBits, decodeOid, decodeSmallInteger } from "./der-values.js";
import { checkName } from "./distinguished-name.js";
import { publicKeyFromSpki } from "./public-key-info.js";
import { type Extensions, readExtensions } from "./read-extensions.js";
import { X509Error } from "./x509-error.js";

/**
 * Larger certificates are refused before a byte is read. Real ones have one or two kilobytes; the bound keeps the work
 * that a stranger can cause small.
 */
export const maxCertificateBytes = 65_536;

/** A certificate (RFC 5280, section 4.1), read but not yet judged. Buffers are views of `der`. */
export interface Certificate extends Extensions {
  readonly der: Buffer;
  /** The part that is signed. */
  readonly tbs: Buffer;
  readonly signature: Buffer;
  /** The object identifier of the signature algorithm; its parameters are in `signatureAlgorithmDer`. */
  readonly signatureAlgorithm: string;
  /** The whole DER AlgorithmIdentifier. */
  readonly signatureAlgorithmDer: Buffer;
  /** 1, 2 or 3. */
  readonly version: number;
  /** Lower-case hex, two digits an octet, without a leading zero octet; a minus sign before it when negative. */
  readonly serialNumber: string;
  /** DER Names. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** DER SubjectPublicKeyInfo, what a pin is made of. */
  readonly spki: Buffer;
  /**
   * Made when first read, then kept.
   * @throws X509Error when the key is of a kind or size that pinwire does not accept.
   */
  readonly publicKey: KeyObject;
}

/**
 * Reads one certificate, strictly: exactly one DER value, every part where and what RFC 5280 says it is, no extension
 * twice, the same signature algorithm inside and outside. Versions, serial numbers and keys that are legible but not
 * acceptable are left to the rules of who relies on it.
 *
 * Hostile input gives an X509Error and no other error, in time proportional to its length.
 *
 * @throws X509Error
 */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > maxCertificateBytes) throw new X509Error(`certificate: more than ${maxCertificateBytes} bytes`);
  // A copy: the caller may reuse its buffer, and a parsed certificate must never change.
  const bytes = Buffer.from(der);
  const certificate = new DerReader(DerReader.only(bytes, Tag.SEQUENCE, "certificate").content);
  const tbs = certificate.read(Tag.SEQUENCE, "tbsCertificate");
  const algorithm = certificate.read(Tag.SEQUENCE, "signatureAlgorithm");
  const signature = certificate.read(Tag.BIT_STRING, "signature");
  certificate.end("certificate");
  return withPublicKey({
    der: bytes,
    tbs: tbs.der,
    signatureAlgorithmDer: algorithm.der,
    signatureAlgorithm: readAlgorithm(algorithm.content, "signatureAlgorithm"),
    signature: decodeOctetAlignedBits(signature.content, "signature"),
    ...readTbs(tbs.content, algorithm.der),
  });
}

type Fields = Omit<Certificate, "publicKey">;

function withPublicKey(fields: Fields): Certificate {
  let key: KeyObject | undefined;
  return Object.freeze({
    ...fields,
    get publicKey() {
      key ??= publicKeyFromSpki(fields.spki);
      return key;
    },
  });
}

type TbsFields = Omit<Fields, "der" | "tbs" | "signature" | "signatureAlgorithm" | "signatureAlgorithmDer">;

function readTbs(content: Buffer, outerAlgorithm: Buffer): TbsFields {
  const reader = new DerReader(content);
  const version = readVersion(reader);
  const serialNumber = serialText(checkInteger(reader.read(Tag.INTEGER, "serialNumber").content, "serialNumber"));
  const algorithm = reader.read(Tag.SEQUENCE, "signature");
  // RFC 5280, section 4.1.1.2. The outer one is not signed.
  if (!algorithm.der.equals(outerAlgorithm)) throw new X509Error("signature: not the algorithm that is named outside");
  const issuer = checkName(reader.read(Tag.SEQUENCE, "issuer"), "issuer");
  const validity = readValidity(reader);
  const subject = checkName(reader.read(Tag.SEQUENCE, "subject"), "subject");
  const spki = reader.read(Tag.SEQUENCE, "subjectPublicKeyInfo").der;
  const extensions = readOptionalExtensions(reader);
  // Unique identifiers ([1] and [2]) end here too: RFC 5280, section 4.1.2.8, forbids CAs to make them.
  reader.end("tbsCertificate");
  return { version, serialNumber, issuer, subject, spki, ...validity, ...extensions };
}

function readVersion(reader: DerReader): number {
  const explicit = reader.readOptional(contextConstructed(0), "version");
  if (explicit === undefined) return 1;
  const { content } = DerReader.only(explicit.content, Tag.INTEGER, "version");
  const version = decodeSmallInteger(content, "version") + 1;
  if (version !== 2 && version !== 3) throw new X509Error("version: neither 2 nor 3");
  return version;
}

function serialText(content: Buffer): string {
  if (((content[0] ?? 0) & 0x80) === 0) {
    return (content.length > 1 && content[0] === 0 ? content.subarray(1) : content).toString("hex");
  }
  const magnitude = (1n << BigInt(content.length * 8)) - BigInt(`0x${content.toString("hex")}`);
  const digits = magnitude.toString(16);
  return `-${digits.length % 2 === 0 ? "" : "0"}${digits}`;
}

function readAlgorithm(content: Buffer, what: string): string {
  const reader = new DerReader(content);
  const oid = decodeOid(reader.read(Tag.OID, what).content, what);
  if (!reader.atEnd) reader.readAny(what);
  reader.end(what);
  return oid;
}

function readValidity(reader: DerReader): { notBefore: Date; notAfter: Date } {
  const validity = new DerReader(reader.read(Tag.SEQUENCE, "validity").content);
  const notBefore = readTime(validity, "notBefore");
  const notAfter = readTime(validity, "notAfter");
  validity.end("validity");
  return { notBefore, notAfter };
}

function readOptionalExtensions(reader: DerReader): Extensions {
  const explicit = reader.readOptional(contextConstructed(3), "extensions");
  if (explicit === undefined) return { criticalExtensions: new Set(), unknownCriticalExtensions: [] };
  return readExtensions(DerReader.only(explicit.content, Tag.SEQUENCE, "extensions").content);
}
