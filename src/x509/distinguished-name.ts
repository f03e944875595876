import { DerReader, type DerValue, Tag } from "./der-reader.js";
import { decodeText } from "./der-text.js";
import { decodeOid } from "./der-values.js";
import { oids } from "./object-identifiers.js";

/** Whether a DER Name has no attributes. */
export function isEmptyName(name: Buffer): boolean {
  return name.length === 2;
}

/**
 * A Name for people, most specific part last: `O=local.test, CN=pinwire CA`. Never for a decision: decisions compare the
 * DER. Characters that could forge a line or a separator are shown as `?`.
 */
export function describeName(name: Buffer): string {
  const attributes = rdnsOf(DerReader.only(name, Tag.SEQUENCE, "name"), "name").flat();
  if (attributes.length === 0) return "no name";
  return attributes.map(({ oid, text }) => `${labels.get(oid) ?? oid}=${printable(text)}`).join(", ");
}

/**
 * The RDNs of a Name in a form in which equal ones are equal strings: letter case, repeated spaces and the string type do
 * not matter (RFC 5280, section 7.1). Only name constraints need it; issuer and subject are compared as bytes.
 */
export function comparableRdns(name: Buffer): string[] {
  return rdnsOf(DerReader.only(name, Tag.SEQUENCE, "name"), "name").map((rdn) => {
    return rdn
      .map(({ oid, text }) => JSON.stringify([oid, fold(text)]))
      .sort()
      .join("+");
  });
}

/** The values of emailAddress attributes, which old certificates have in place of an e-mail subjectAltName. */
export function emailAddresses(name: Buffer): string[] {
  const attributes = rdnsOf(DerReader.only(name, Tag.SEQUENCE, "name"), "name").flat();
  return attributes.filter(({ oid }) => oid === oids.emailAddress).map(({ text }) => text);
}

/** Checks that a value is a well-formed Name of texts, and returns its bytes. */
export function checkName(value: DerValue, what: string): Buffer {
  rdnsOf(value, what);
  return value.der;
}

interface Attribute {
  readonly oid: string;
  readonly text: string;
}

function rdnsOf(name: DerValue, what: string): Attribute[][] {
  const reader = new DerReader(name.content);
  const rdns: Attribute[][] = [];
  while (!reader.atEnd) rdns.push(readRdn(new DerReader(reader.read(Tag.SET, what).content), what));
  return rdns;
}

function readRdn(reader: DerReader, what: string): Attribute[] {
  const attributes: Attribute[] = [];
  do {
    const attribute = new DerReader(reader.read(Tag.SEQUENCE, what).content);
    const oid = decodeOid(attribute.read(Tag.OID, what).content, what);
    attributes.push({ oid, text: decodeText(attribute.readAny(what), what) });
    attribute.end(what);
  } while (!reader.atEnd);
  return attributes;
}

function fold(text: string): string {
  return text.normalize("NFKC").toLowerCase().trim().replace(/\s+/g, " ");
}

const labels = new Map<string, string>([
  [oids.commonName, "CN"],
  [oids.organizationName, "O"],
  [oids.emailAddress, "emailAddress"],
  ["2.5.4.11", "OU"],
  ["2.5.4.6", "C"],
  ["2.5.4.5", "SERIALNUMBER"],
]);

function printable(text: string): string {
  return text.replace(/[^\p{L}\p{N} ._:/@*'()-]/gu, "?");
}
