import { DerReader } from "../../src/x509/der-reader.js";

/** One DER value with its length in the fewest octets. */
export function tlv(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOctets(content.length), content]);
}

/** The values inside a constructed value. */
export function childrenOf(der: Buffer): Buffer[] {
  const reader = new DerReader(new DerReader(der).readAny("value").content);
  const children: Buffer[] = [];
  while (!reader.atEnd) children.push(reader.readAny("child").der);
  return children;
}

/** A constructed value with its children changed; what contains it must be rebuilt by the caller. */
export function withChildren(der: Buffer, edit: (children: Buffer[]) => Buffer[]): Buffer {
  return tlv(der[0] ?? 0, ...edit(childrenOf(der)));
}

/** A certificate with the fields of its TBSCertificate changed; the signature stays as it was. */
export function withTbs(certificate: Buffer, edit: (fields: Buffer[]) => Buffer[]): Buffer {
  return withChildren(certificate, ([tbs, ...rest]) => [withChildren(tbs ?? Buffer.alloc(0), edit), ...rest]);
}

/** A list with one element replaced. */
export function replaced<T>(list: readonly T[], index: number, value: T): T[] {
  return list.map((old, i) => (i === index ? value : old));
}

function lengthOctets(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const hex = length.toString(16);
  const octets = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  return Buffer.concat([Buffer.from([0x80 | octets.length]), octets]);
}
