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
  const rdns = [...attributesOf(DerReader.only(name, Tag.SEQUENCE, "name"), "name")];
  return rdns.map(({ oid, value }) => `${labels.get(oid) ?? oid}=${printable(value)}`).join(", ");
}

/** Checks that a value is a well-formed Name and returns its bytes. Attribute values stay opaque: they are compared as bytes. */
export function checkName(value: DerValue, what: string): Buffer {
  for (const _ of attributesOf(value, what));
  return value.der;
}

function* attributesOf(name: DerValue, what: string): Generator<{ oid: string; value: DerValue }> {
  const rdns = new DerReader(name.content);
  while (!rdns.atEnd) {
    const attributes = new DerReader(rdns.read(Tag.SET, what).content);
    do {
      const attribute = new DerReader(attributes.read(Tag.SEQUENCE, what).content);
      const oid = decodeOid(attribute.read(Tag.OID, what).content, what);
      yield { oid, value: attribute.readAny(what) };
      attribute.end(what);
    } while (!attributes.atEnd);
  }
}

const labels = new Map<string, string>([
  [oids.commonName, "CN"],
  [oids.organizationName, "O"],
  ["2.5.4.11", "OU"],
  ["2.5.4.6", "C"],
  ["2.5.4.5", "SERIALNUMBER"],
]);

function printable(value: DerValue): string {
  return value.content.toString("utf8").replace(/[^\p{L}\p{N} ._:/@*'()-]/gu, "?");
}
