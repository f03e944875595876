import { contextConstructed, contextPrimitive, DerReader, Tag } from "./der-reader.js";
import { checkInteger, decodeBoolean, decodeNamedBits, decodeOid, decodeSmallInteger } from "./der-values.js";
import { type GeneralName, type IpWidths, readGeneralName } from "./general-name.js";
import { type KeyUsage, keyUsages } from "./key-usage.js";
import { oids } from "./object-identifiers.js";
import { X509Error } from "./x509-error.js";

/** RFC 5280, section 4.2.1.9. */
export interface BasicConstraints {
  readonly ca: boolean;
  /** How many intermediate CAs may follow, self-issued ones not counted. */
  readonly pathLength?: number;
}

/** RFC 5280, section 4.2.1.10. */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

/** What the extensions of a certificate say; a field is absent when its extension is. */
export interface Extensions {
  readonly basicConstraints?: BasicConstraints;
  readonly keyUsage?: ReadonlySet<KeyUsage>;
  /** Object identifiers, for example `1.3.6.1.5.5.7.3.1`. */
  readonly extendedKeyUsage?: readonly string[];
  readonly subjectAltNames?: readonly GeneralName[];
  readonly nameConstraints?: NameConstraints;
  readonly subjectKeyId?: Buffer;
  /** The `keyIdentifier` of the extension; absent too when the extension names its issuer in another way. */
  readonly authorityKeyId?: Buffer;
  /** Object identifiers of all extensions that are marked critical. */
  readonly criticalExtensions: ReadonlySet<string>;
  /** Those of them that are not understood: whoever relies on the certificate must refuse it. */
  readonly unknownCriticalExtensions: readonly string[];
}

type Decoded = { -readonly [Field in keyof Extensions]: Extensions[Field] };
type Decoder = (value: Buffer, extensions: Decoded) => void;

/** Reads the content of an Extensions sequence. @throws X509Error */
export function readExtensions(content: Buffer): Extensions {
  const seen = new Set<string>();
  const criticalExtensions = new Set<string>();
  const unknownCriticalExtensions: string[] = [];
  const extensions: Decoded = { criticalExtensions, unknownCriticalExtensions };
  const reader = new DerReader(content);
  do {
    const { oid, critical, value } = readExtension(reader);
    if (seen.has(oid)) throw new X509Error(`extension ${oid} occurs twice`);
    seen.add(oid);
    const decode = decoders.get(oid);
    decode?.(value, extensions);
    if (critical) criticalExtensions.add(oid);
    if (critical && decode === undefined) unknownCriticalExtensions.push(oid);
  } while (!reader.atEnd);
  return extensions;
}

function readExtension(reader: DerReader): { oid: string; critical: boolean; value: Buffer } {
  const extension = new DerReader(reader.read(Tag.SEQUENCE, "extension").content);
  const oid = decodeOid(extension.read(Tag.OID, "extension").content, "extension");
  const critical = readDefaultFalse(extension, `extension ${oid}`);
  const value = extension.read(Tag.OCTET_STRING, `extension ${oid}`).content;
  extension.end(`extension ${oid}`);
  return { oid, critical, value };
}

/** A BOOLEAN DEFAULT FALSE: DER leaves FALSE out (X.690, section 11.5). */
function readDefaultFalse(reader: DerReader, what: string): boolean {
  const value = reader.readOptional(Tag.BOOLEAN, what);
  if (value === undefined) return false;
  if (!decodeBoolean(value.content, what)) throw new X509Error(`${what}: a default value that DER leaves out`);
  return true;
}

const addressOnly: IpWidths = [4, 16];
const addressAndMask: IpWidths = [8, 32];

const decoders = new Map<string, Decoder>([
  [oids.basicConstraints, decodeBasicConstraints],
  [oids.keyUsage, decodeKeyUsage],
  [oids.extKeyUsage, decodeExtendedKeyUsage],
  [oids.subjectAltName, decodeSubjectAltName],
  [oids.nameConstraints, decodeNameConstraints],
  [oids.subjectKeyIdentifier, decodeSubjectKeyId],
  [oids.authorityKeyIdentifier, decodeAuthorityKeyId],
]);

function decodeBasicConstraints(value: Buffer, extensions: Decoded): void {
  const what = "basicConstraints";
  const reader = sequence(value, what);
  const ca = readDefaultFalse(reader, what);
  const pathLength = reader.readOptional(Tag.INTEGER, what);
  reader.end(what);
  extensions.basicConstraints =
    pathLength === undefined ? { ca } : { ca, pathLength: decodeSmallInteger(pathLength.content, what) };
}

function decodeKeyUsage(value: Buffer, extensions: Decoded): void {
  const bits = decodeNamedBits(DerReader.only(value, Tag.BIT_STRING, "keyUsage").content, "keyUsage");
  if (bits.length === 0) throw new X509Error("keyUsage: no bit is set");
  extensions.keyUsage = new Set(bits.flatMap((bit) => keyUsages[bit] ?? []));
}

function decodeExtendedKeyUsage(value: Buffer, extensions: Decoded): void {
  const what = "extKeyUsage";
  extensions.extendedKeyUsage = oneOrMore(value, what, (reader) => decodeOid(reader.read(Tag.OID, what).content, what));
}

function decodeSubjectAltName(value: Buffer, extensions: Decoded): void {
  const what = "subjectAltName";
  extensions.subjectAltNames = oneOrMore(value, what, (reader) => readGeneralName(reader, addressOnly, what));
}

function decodeNameConstraints(value: Buffer, extensions: Decoded): void {
  const what = "nameConstraints";
  const reader = sequence(value, what);
  const permitted = reader.readOptional(contextConstructed(0), what);
  const excluded = reader.readOptional(contextConstructed(1), what);
  reader.end(what);
  if (permitted === undefined && excluded === undefined) throw new X509Error(`${what}: neither permits nor excludes`);
  extensions.nameConstraints = { permitted: subtrees(permitted?.content), excluded: subtrees(excluded?.content) };
}

function subtrees(content: Buffer | undefined): GeneralName[] {
  const what = "nameConstraints";
  if (content === undefined) return [];
  return all(new DerReader(content), what, (reader) => {
    const subtree = new DerReader(reader.read(Tag.SEQUENCE, what).content);
    const base = readGeneralName(subtree, addressAndMask, what);
    // RFC 5280 leaves minimum at its default and maximum out; anything here would change what the subtree means.
    subtree.end(what);
    return base;
  });
}

function decodeSubjectKeyId(value: Buffer, extensions: Decoded): void {
  extensions.subjectKeyId = DerReader.only(value, Tag.OCTET_STRING, "subjectKeyIdentifier").content;
}

function decodeAuthorityKeyId(value: Buffer, extensions: Decoded): void {
  const what = "authorityKeyIdentifier";
  const reader = sequence(value, what);
  const keyId = reader.readOptional(contextPrimitive(0), what);
  const issuer = reader.readOptional(contextConstructed(1), what);
  if (issuer !== undefined)
    all(new DerReader(issuer.content), what, (names) => readGeneralName(names, addressOnly, what));
  const serialNumber = reader.readOptional(contextPrimitive(2), what);
  if (serialNumber !== undefined) checkInteger(serialNumber.content, what);
  reader.end(what);
  if (keyId !== undefined) extensions.authorityKeyId = keyId.content;
}

function sequence(value: Buffer, what: string): DerReader {
  return new DerReader(DerReader.only(value, Tag.SEQUENCE, what).content);
}

function oneOrMore<T>(value: Buffer, what: string, read: (reader: DerReader) => T): T[] {
  return all(sequence(value, what), what, read);
}

/** All values that are left, at least one: RFC 5280 gives each of its lists SIZE (1..MAX). */
function all<T>(reader: DerReader, what: string, read: (reader: DerReader) => T): T[] {
  if (reader.atEnd) throw new X509Error(`${what}: an empty list`);
  const values: T[] = [];
  while (!reader.atEnd) values.push(read(reader));
  return values;
}
