import { DerReader, type DerValue, Tag } from "./der-reader.js";
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
  const attributes = [...attributesOf(DerReader.only(name, Tag.SEQUENCE, "name"), "name")];
  if (attributes.length === 0) return "no name";
  return attributes.map(({ oid, value }) => `${labels.get(oid) ?? oid}=${printable(value)}`).join(", ");
}

/**
 * The RDNs of a Name in a form in which equal ones are equal strings: letter case, repeated spaces and the string type do
 * not matter (RFC 5280, section 7.1). Only name constraints need it; issuer and subject are compared as bytes. Undefined
 * when a value is of a type that cannot be compared so.
 */
export function comparableRdns(name: Buffer): string[] | undefined {
  const rdns = new DerReader(DerReader.only(name, Tag.SEQUENCE, "name").content);
  const comparable: string[] = [];
  while (!rdns.atEnd) {
    const attributes = [...attributesOfRdn(rdns, "name")].map(comparableAttribute);
    if (attributes.includes(undefined)) return undefined;
    comparable.push(attributes.sort().join("+"));
  }
  return comparable;
}

/** The values of emailAddress attributes, which old certificates have in place of an e-mail subjectAltName. */
export function emailAddresses(name: Buffer): string[] {
  const attributes = [...attributesOf(DerReader.only(name, Tag.SEQUENCE, "name"), "name")];
  return attributes.filter(({ oid }) => oid === oids.emailAddress).map(({ value }) => value.content.toString("utf8"));
}

/** Checks that a value is a well-formed Name and returns its bytes. Attribute values stay opaque: they are compared as bytes. */
export function checkName(value: DerValue, what: string): Buffer {
  for (const _ of attributesOf(value, what));
  return value.der;
}

interface Attribute {
  readonly oid: string;
  readonly value: DerValue;
}

function* attributesOf(name: DerValue, what: string): Generator<Attribute> {
  const rdns = new DerReader(name.content);
  while (!rdns.atEnd) yield* attributesOfRdn(rdns, what);
}

function* attributesOfRdn(rdns: DerReader, what: string): Generator<Attribute> {
  const attributes = new DerReader(rdns.read(Tag.SET, what).content);
  do {
    const attribute = new DerReader(attributes.read(Tag.SEQUENCE, what).content);
    const oid = decodeOid(attribute.read(Tag.OID, what).content, what);
    yield { oid, value: attribute.readAny(what) };
    attribute.end(what);
  } while (!attributes.atEnd);
}

/** How each string type of X.520 that is in use becomes text. */
const decoders = new Map<number, (content: Buffer) => string>([
  [Tag.UTF8_STRING, (content) => content.toString("utf8")],
  [Tag.PRINTABLE_STRING, (content) => content.toString("latin1")],
  [Tag.IA5_STRING, (content) => content.toString("latin1")],
  [Tag.TELETEX_STRING, (content) => content.toString("latin1")],
  [
    Tag.BMP_STRING,
    (content) =>
      Buffer.from(content.subarray(0, content.length & ~1))
        .swap16()
        .toString("utf16le"),
  ],
]);

function comparableAttribute({ oid, value }: Attribute): string | undefined {
  const text = decoders.get(value.tag)?.(value.content);
  return text && JSON.stringify([oid, text.normalize("NFKC").toLowerCase().trim().replace(/\s+/g, " ")]);
}

const labels = new Map<string, string>([
  [oids.commonName, "CN"],
  [oids.organizationName, "O"],
  [oids.emailAddress, "emailAddress"],
  ["2.5.4.11", "OU"],
  ["2.5.4.6", "C"],
  ["2.5.4.5", "SERIALNUMBER"],
]);

function printable(value: DerValue): string {
  return value.content.toString("utf8").replace(/[^\p{L}\p{N} ._:/@*'()-]/gu, "?");
}
