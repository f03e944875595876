import type { asn1 as Asn1 } from "node-forge";
import asn1 from "node-forge/lib/asn1.js";

/** A value to be written, as node-forge holds it. */
export type DerNode = Asn1.Asn1;

const { UNIVERSAL, CONTEXT_SPECIFIC } = asn1.Class;

/** All the octets of a value. */
export function toDer(node: DerNode): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), "latin1");
}

/** A value that is DER already. */
export function raw(der: Buffer): DerNode {
  return asn1.fromDer(der.toString("latin1"), { strict: true, decodeBitStrings: false } as unknown as boolean);
}

export const sequence = (...children: DerNode[]): DerNode => constructed(asn1.Type.SEQUENCE, children);
export const set = (...children: DerNode[]): DerNode => constructed(asn1.Type.SET, children);
export const explicit = (tag: number, child: DerNode): DerNode => asn1.create(CONTEXT_SPECIFIC, tag, true, [child]);
/** A context-specific tag that stands in place of the value's own. */
export const implicit = (tag: number, content: Buffer): DerNode =>
  asn1.create(CONTEXT_SPECIFIC, tag, false, content.toString("latin1"));
export const implicitSequence = (tag: number, children: DerNode[]): DerNode =>
  asn1.create(CONTEXT_SPECIFIC, tag, true, children);

export const boolean = (value: boolean): DerNode => primitive(asn1.Type.BOOLEAN, Buffer.from([value ? 0xff : 0]));
/** An INTEGER from its content octets, two's complement, big-endian. */
export const integer = (content: Buffer): DerNode => primitive(asn1.Type.INTEGER, content);
export const smallInteger = (value: number): DerNode =>
  primitive(asn1.Type.INTEGER, Buffer.from(asn1.integerToDer(value).getBytes(), "latin1"));
export const oid = (dotted: string): DerNode =>
  primitive(asn1.Type.OID, Buffer.from(asn1.oidToDer(dotted).getBytes(), "latin1"));
export const octetString = (content: Buffer): DerNode => primitive(asn1.Type.OCTETSTRING, content);
/** A BIT STRING of `content`, whose last `unusedBits` bits do not count. */
export const bitString = (content: Buffer, unusedBits = 0): DerNode =>
  primitive(asn1.Type.BITSTRING, Buffer.concat([Buffer.from([unusedBits]), content]));
export const utf8 = (text: string): DerNode => primitive(asn1.Type.UTF8, Buffer.from(text, "utf8"));

/** A Time as RFC 5280 section 4.1.2.5 wants it: UTCTime until 2049, GeneralizedTime after. */
export function time(date: Date): DerNode {
  if (date.getUTCFullYear() < 2050) {
    return primitive(asn1.Type.UTCTIME, Buffer.from(asn1.dateToUtcTime(date)));
  }
  return primitive(asn1.Type.GENERALIZEDTIME, Buffer.from(asn1.dateToGeneralizedTime(date)));
}

function primitive(type: Asn1.Type, content: Buffer): DerNode {
  return asn1.create(UNIVERSAL, type, false, content.toString("latin1"));
}

function constructed(type: Asn1.Type, children: DerNode[]): DerNode {
  return asn1.create(UNIVERSAL, type, true, children);
}
