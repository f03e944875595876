import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { maxCertificateBytes, parseCertificate } from "../../src/x509/certificate.js";
import { oids } from "../../src/x509/object-identifiers.js";
import { isSignedBy } from "../../src/x509/verify-signature.js";
import { X509Error } from "../../src/x509/x509-error.js";
import { childrenOf, replaced, tlv, withChildren, withTbs } from "../helpers/der.js";
import { mintCa, mintLeaf } from "../helpers/mint.js";
import { thrown } from "../helpers/thrown.js";

const ca = mintCa({ nameConstraints: { permitted: [{ kind: "uri", value: "local.test" }] } });
const leaf = mintLeaf(ca, { dns: ["localhost"] });
const bytes = (hex: string) => Buffer.from(hex.replaceAll(" ", ""), "hex");
const refusal = (der: Buffer) => thrown(X509Error, () => parseCertificate(der)).message;

/** The fields of a TBSCertificate, by position. */
const field = { version: 0, serial: 1, algorithm: 2, issuer: 3, validity: 4, subject: 5, spki: 6, extensions: 7 };
const withField = (position: number, value: Buffer) => withTbs(leaf.der, (fields) => replaced(fields, position, value));
const withExtensions = (...extensions: Buffer[]) => withField(field.extensions, tlv(0xa3, tlv(0x30, ...extensions)));
const extension = (oid: string, value: Buffer, critical = Buffer.alloc(0)) => {
  return tlv(0x30, tlv(0x06, bytes(oid)), critical, tlv(0x04, value));
};

describe("parseCertificate", () => {
  test("reads what node reads, and what it does not show", () => {
    const ours = parseCertificate(leaf.der);
    const nodes = new X509Certificate(leaf.pem);

    expect(ours.serialNumber).toBe(nodes.serialNumber.toLowerCase());
    expect(ours.notBefore).toEqual(new Date(nodes.validFrom));
    expect(ours.notAfter).toEqual(new Date(nodes.validTo));
    expect(ours.publicKey.equals(nodes.publicKey)).toBe(true);
    expect(ours.issuer).toEqual(ca.subject);
    expect(ours.version).toBe(3);
    expect(ours.signatureAlgorithm).toBe("1.2.840.10045.4.3.2");
    expect(ours.basicConstraints).toEqual({ ca: false });
    expect(ours.keyUsage).toEqual(new Set(["digitalSignature"]));
    expect(ours.extendedKeyUsage).toEqual([oids.serverAuth, oids.clientAuth]);
    expect(ours.subjectAltNames).toEqual([
      { kind: "uri", value: "spiffe://local.test/cli" },
      { kind: "dns", value: "localhost" },
    ]);
    expect(ours.authorityKeyId).toEqual(ca.certificate.subjectKeyId);
    expect(ours.criticalExtensions).toEqual(new Set([oids.basicConstraints, oids.keyUsage, oids.subjectAltName]));
    expect(ours.unknownCriticalExtensions).toEqual([]);
    expect(ca.certificate.nameConstraints).toEqual({ permitted: [{ kind: "uri", value: "local.test" }], excluded: [] });
    expect(isSignedBy(ours, ca.certificate.publicKey)).toBe(true);
    expect(nodes.verify(ca.certificate.publicKey)).toBe(true);
  });

  test("keeps its own copy, which nobody can change", () => {
    const buffer = Buffer.from(leaf.der);
    const certificate = parseCertificate(buffer);
    buffer.fill(0);
    expect(certificate.der).toEqual(leaf.der);
    expect(Object.isFrozen(certificate)).toBe(true);
    expect(certificate.publicKey).toBe(certificate.publicKey);
  });

  test("rebuilding the parts gives the same bytes, so that the tests below change one thing only", () => {
    expect(withTbs(leaf.der, (fields) => fields)).toEqual(leaf.der);
  });

  test.each([
    ["01", "01"],
    ["7f".repeat(20), "7f".repeat(20)],
    ["00", "00"],
    ["0080", "80"],
    [`00${"ff".repeat(20)}`, "ff".repeat(20)],
    ["80", "-80"],
    ["ff", "-01"],
    ["fe00", "-0200"],
  ])("a serial number of %s is %s", (hex, text) => {
    expect(parseCertificate(withField(field.serial, tlv(0x02, bytes(hex)))).serialNumber).toBe(text);
  });

  test("a version 1 and a version 2 certificate can be told from a version 3 one", () => {
    expect(parseCertificate(withTbs(leaf.der, (fields) => fields.slice(1, 7))).version).toBe(1);
    expect(parseCertificate(withField(field.version, bytes("a003 020101"))).version).toBe(2);
  });

  test.each([
    ["no bytes", Buffer.alloc(0), "certificate: tag 0x30 expected, found nothing"],
    ["PEM instead of DER", Buffer.from(leaf.pem), "certificate: tag 0x30 expected, found tag 0x2d"],
    ["a byte too many", Buffer.concat([leaf.der, bytes("00")]), "certificate: 1 unexpected bytes at the end"],
    ["a byte too few", leaf.der.subarray(0, -1), "certificate: longer than what contains it"],
    ["too many bytes", Buffer.alloc(maxCertificateBytes + 1, 0x30), "certificate: more than 65536 bytes"],
    [
      "a fourth part",
      withChildren(leaf.der, (parts) => [...parts, bytes("0500")]),
      "certificate: 2 unexpected bytes at the end",
    ],
    [
      "an algorithm outside that is not the one inside",
      withChildren(leaf.der, (parts) => replaced(parts, 1, bytes("300a06082a8648ce3d040303"))),
      "signature: not the algorithm that is named outside",
    ],
    [
      "a signature with unused bits",
      withChildren(leaf.der, (parts) => replaced(parts, 2, bytes("030204f0"))),
      "signature: a bit string that does not end with an octet",
    ],
    ["version 4", withField(field.version, bytes("a003 020103")), "version: neither 2 nor 3"],
    ["version 1 written out", withField(field.version, bytes("a003 020100")), "version: neither 2 nor 3"],
    [
      "a serial number with needless octets",
      withField(field.serial, bytes("02020001")),
      "serialNumber: an integer with needless leading octets",
    ],
    [
      "an issuer that is no name",
      withField(field.issuer, bytes("3002 0500")),
      "issuer: tag 0x31 expected, found tag 0x05",
    ],
    ["an empty RDN", withField(field.subject, bytes("3002 3100")), "subject: tag 0x30 expected, found nothing"],
    [
      "a unique identifier",
      withTbs(leaf.der, (fields) => [...fields.slice(0, 7), bytes("81020001"), ...fields.slice(7)]),
      "tbsCertificate: ",
    ],
    [
      "extensions without an extension",
      withField(field.extensions, bytes("a302 3000")),
      "extension: tag 0x30 expected, found nothing",
    ],
    [
      "an extension twice",
      withExtensions(extension("551d0e", bytes("0401aa")), extension("551d0e", bytes("0401aa"))),
      "extension 2.5.29.14 occurs twice",
    ],
    [
      "an unknown extension twice",
      withExtensions(extension("2a03", bytes("")), extension("2a03", bytes(""))),
      "extension 1.2.3 occurs twice",
    ],
    [
      "critical FALSE written out",
      withExtensions(extension("2a03", bytes(""), bytes("010100"))),
      "extension 1.2.3: a default value that DER leaves out",
    ],
    [
      "critical as BER writes it",
      withExtensions(extension("2a03", bytes(""), bytes("010101"))),
      "extension 1.2.3: not a DER boolean",
    ],
    [
      "CA FALSE written out",
      withExtensions(extension("551d13", bytes("3003 010100"))),
      "basicConstraints: a default value that DER leaves out",
    ],
    [
      "CA TRUE as BER writes it",
      withExtensions(extension("551d13", bytes("3003 010101"))),
      "basicConstraints: not a DER boolean",
    ],
    [
      "a negative path length",
      withExtensions(extension("551d13", bytes("3006 0101ff 0201ff"))),
      "basicConstraints: negative",
    ],
    ["a keyUsage without a bit", withExtensions(extension("551d0f", bytes("030100"))), "keyUsage: no bit is set"],
    ["an empty extKeyUsage", withExtensions(extension("551d25", bytes("3000"))), "extKeyUsage: an empty list"],
    ["an empty subjectAltName", withExtensions(extension("551d11", bytes("3000"))), "subjectAltName: an empty list"],
    [
      "something after the names",
      withExtensions(extension("551d11", bytes("3003 820161 00"))),
      "subjectAltName: 1 unexpected bytes at the end",
    ],
    [
      "a NUL in a URI",
      withExtensions(extension("551d11", bytes("3005 8603 610062"))),
      "subjectAltName: a character that is not printable ASCII",
    ],
    [
      "an IP address of 5 octets",
      withExtensions(extension("551d11", bytes("3007 8705 0102030405"))),
      "subjectAltName: an IP address of 5 octets",
    ],
    [
      "a name of no kind",
      withExtensions(extension("551d11", bytes("3003 890161"))),
      "subjectAltName: tag 0x89 is no kind of name",
    ],
    [
      "a constructed URI",
      withExtensions(extension("551d11", bytes("3005 a603 040161"))),
      "subjectAltName: tag 0xa6 is no kind of name",
    ],
    [
      "name constraints about nothing",
      withExtensions(extension("551d1e", bytes("3000"))),
      "nameConstraints: neither permits nor excludes",
    ],
    [
      "a subtree with a minimum",
      withExtensions(extension("551d1e", bytes("300a a008 3006 820161 800101"))),
      "nameConstraints: 3 unexpected bytes at the end",
    ],
    [
      "a constraint on an IP address without a mask",
      withExtensions(extension("551d1e", bytes("300a a008 3006 8704 01020304"))),
      "nameConstraints: an IP address of 4 octets",
    ],
  ])("refuses %s", (_, der, message) => {
    expect(refusal(der)).toContain(message);
  });

  test("all kinds of names", () => {
    const names = [
      tlv(0xa0, tlv(0x06, bytes("2a03")), tlv(0xa0, bytes("0500"))),
      tlv(0x81, Buffer.from("a@local.test")),
      tlv(0x82, Buffer.from("local.test")),
      tlv(0xa4, leaf.certificate.issuer),
      tlv(0x86, Buffer.from("spiffe://local.test/cli")),
      tlv(0x87, bytes("7f000001")),
      tlv(0x88, bytes("2a03")),
    ];
    const parsed = parseCertificate(withExtensions(extension("551d11", tlv(0x30, ...names))));
    expect(parsed.subjectAltNames).toEqual([
      { kind: "other", tag: 0xa0, value: bytes("06022a03 a0020500") },
      { kind: "email", value: "a@local.test" },
      { kind: "dns", value: "local.test" },
      { kind: "dn", value: leaf.certificate.issuer },
      { kind: "uri", value: "spiffe://local.test/cli" },
      { kind: "ip", value: bytes("7f000001") },
      { kind: "other", tag: 0x88, value: bytes("2a03") },
    ]);
  });

  test("an unknown extension is kept in mind when it is critical, and else passed over", () => {
    const unknown = extension("2a03", bytes("ff"));
    const critical = extension("2a04", bytes("ff"), bytes("0101ff"));
    expect(parseCertificate(withExtensions(unknown, critical)).unknownCriticalExtensions).toEqual(["1.2.4"]);
  });

  test("a key of an unknown kind is no obstacle to reading, only to using it", () => {
    const [, bits] = childrenOf(leaf.certificate.spki);
    const spki = tlv(0x30, tlv(0x30, tlv(0x06, bytes("2b6570"))), bits ?? bytes(""));
    const certificate = parseCertificate(withField(field.spki, spki));
    expect(thrown(X509Error, () => certificate.publicKey).message).toBe(
      "subjectPublicKeyInfo: not a P-256, P-384 or RSA key",
    );
  });
});
