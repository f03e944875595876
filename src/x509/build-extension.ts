import * as write from "./der-writer.js";
import { type KeyUsage, keyUsages } from "./key-usage.js";
import { oids } from "./object-identifiers.js";
import type { BasicConstraints } from "./read-extensions.js";

/** An extension to be written; `value` is the DER inside its OCTET STRING. */
export interface ExtensionTemplate {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Buffer;
}

/** A name to be written. Text is taken as it is, so that a wrong one can be written too. */
export type NameTemplate =
  | { readonly kind: "uri" | "dns" | "email"; readonly value: string }
  /** 4 or 16 octets; in a name constraint 8 or 32. */
  | { readonly kind: "ip"; readonly value: Buffer }
  /** A DER Name. */
  | { readonly kind: "dn"; readonly value: Buffer };

export function basicConstraints({ ca, pathLength }: BasicConstraints, critical = true): ExtensionTemplate {
  const parts = [
    ...(ca ? [write.boolean(true)] : []),
    ...(pathLength === undefined ? [] : [write.smallInteger(pathLength)]),
  ];
  return { oid: oids.basicConstraints, critical, value: write.toDer(write.sequence(...parts)) };
}

export function keyUsage(usages: readonly KeyUsage[], critical = true): ExtensionTemplate {
  const positions = usages.map((usage) => keyUsages.indexOf(usage));
  const last = Math.max(0, ...positions);
  const octets = Buffer.alloc((last >> 3) + 1);
  for (const position of positions) octets[position >> 3] = (octets[position >> 3] ?? 0) | (0x80 >> (position & 7));
  return { oid: oids.keyUsage, critical, value: write.toDer(write.bitString(octets, 7 - (last & 7))) };
}

export function extendedKeyUsage(purposes: readonly string[], critical = false): ExtensionTemplate {
  return { oid: oids.extKeyUsage, critical, value: write.toDer(write.sequence(...purposes.map(write.oid))) };
}

/** RFC 5280 section 4.2.1.6: critical when the subject is empty. */
export function subjectAltName(names: readonly NameTemplate[], critical: boolean): ExtensionTemplate {
  return { oid: oids.subjectAltName, critical, value: write.toDer(write.sequence(...names.map(generalName))) };
}

export function nameConstraints(
  { permitted = [], excluded = [] }: { permitted?: readonly NameTemplate[]; excluded?: readonly NameTemplate[] },
  critical = true,
): ExtensionTemplate {
  const subtrees = (names: readonly NameTemplate[]) => names.map((name) => write.sequence(generalName(name)));
  const parts = [
    ...(permitted.length === 0 ? [] : [write.implicitSequence(0, subtrees(permitted))]),
    ...(excluded.length === 0 ? [] : [write.implicitSequence(1, subtrees(excluded))]),
  ];
  return { oid: oids.nameConstraints, critical, value: write.toDer(write.sequence(...parts)) };
}

export function subjectKeyIdentifier(keyId: Buffer): ExtensionTemplate {
  return { oid: oids.subjectKeyIdentifier, critical: false, value: write.toDer(write.octetString(keyId)) };
}

export function authorityKeyIdentifier(keyId: Buffer): ExtensionTemplate {
  const value = write.toDer(write.sequence(write.implicit(0, keyId)));
  return { oid: oids.authorityKeyIdentifier, critical: false, value };
}

function generalName(name: NameTemplate): write.DerNode {
  switch (name.kind) {
    case "email":
      return write.implicit(1, Buffer.from(name.value, "utf8"));
    case "dns":
      return write.implicit(2, Buffer.from(name.value, "utf8"));
    case "dn":
      return write.explicit(4, write.raw(name.value));
    case "uri":
      return write.implicit(6, Buffer.from(name.value, "utf8"));
    case "ip":
      return write.implicit(7, name.value);
  }
}
