import { contextConstructed, contextPrimitive, DerReader, Tag } from "./der-reader.js";
import { decodeAscii } from "./der-values.js";
import { checkName } from "./distinguished-name.js";
import { X509Error } from "./x509-error.js";

/** One name of a certificate or of a name constraint (RFC 5280, section 4.2.1.6). */
export type GeneralName =
  | { readonly kind: "uri" | "dns" | "email"; readonly value: string }
  /** 4 or 16 octets; in a name constraint 8 or 32, the address and its mask. */
  | { readonly kind: "ip"; readonly value: Buffer }
  /** A DER Name. */
  | { readonly kind: "dn"; readonly value: Buffer }
  /** A kind that nothing here gives a meaning to; `tag` tells which, `value` is its content. */
  | { readonly kind: "other"; readonly tag: number; readonly value: Buffer };

/** The widths an IP address may have: an address in a subjectAltName, address and mask in a constraint. */
export type IpWidths = readonly [v4: number, v6: number];

const textKinds = new Map([
  [contextPrimitive(1), "email"],
  [contextPrimitive(2), "dns"],
  [contextPrimitive(6), "uri"],
] as const);

const otherKinds = new Set([
  contextConstructed(0), // otherName
  contextConstructed(3), // x400Address
  contextConstructed(5), // ediPartyName
  contextPrimitive(8), // registeredID
]);

/** Reads the next GeneralName. */
export function readGeneralName(reader: DerReader, ipWidths: IpWidths, what: string): GeneralName {
  const { tag, content } = reader.readAny(what);
  const textKind = textKinds.get(tag as 0x81);
  if (textKind !== undefined) return { kind: textKind, value: decodeAscii(content, what) };
  if (tag === contextPrimitive(7)) {
    if (!ipWidths.includes(content.length)) throw new X509Error(`${what}: an IP address of ${content.length} octets`);
    return { kind: "ip", value: content };
  }
  // A Name is a CHOICE, so its tag is explicit (X.680, section 31.2.7).
  if (tag === contextConstructed(4)) {
    return { kind: "dn", value: checkName(DerReader.only(content, Tag.SEQUENCE, what), what) };
  }
  if (otherKinds.has(tag)) return { kind: "other", tag, value: content };
  throw new X509Error(`${what}: tag 0x${tag.toString(16)} is no kind of name`);
}
