import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { parseCertificate } from "../../src/x509/certificate.js";
import { oids } from "../../src/x509/object-identifiers.js";
import { isSignedBy } from "../../src/x509/verify-signature.js";
import { mintCa, mintLeaf } from "../helpers/mint.js";

describe("parseCertificate", () => {
  test("reads what node reads, and more", () => {
    const ca = mintCa({ nameConstraints: { permitted: [{ kind: "uri", value: "local.test" }] } });
    const leaf = mintLeaf(ca, { dns: ["localhost"] });
    const ours = parseCertificate(leaf.der);
    const nodes = new X509Certificate(leaf.pem);

    expect(ours.serialNumber).toBe(nodes.serialNumber.toLowerCase());
    expect(ours.notBefore).toEqual(new Date(nodes.validFrom));
    expect(ours.notAfter).toEqual(new Date(nodes.validTo));
    expect(ours.publicKey.equals(nodes.publicKey)).toBe(true);
    expect(ours.issuer).toEqual(ca.subject);
    expect(ours.version).toBe(3);
    expect(ours.basicConstraints).toEqual({ ca: false });
    expect(ours.keyUsage).toEqual(new Set(["digitalSignature"]));
    expect(ours.extendedKeyUsage).toEqual([oids.serverAuth, oids.clientAuth]);
    expect(ours.subjectAltNames).toEqual([
      { kind: "uri", value: "spiffe://local.test/cli" },
      { kind: "dns", value: "localhost" },
    ]);
    expect(ours.authorityKeyId).toEqual(ca.certificate.subjectKeyId);
    expect(ours.unknownCriticalExtensions).toEqual([]);
    expect(ca.certificate.nameConstraints).toEqual({
      permitted: [{ kind: "uri", value: "local.test" }],
      excluded: [],
    });
    expect(isSignedBy(ours, ca.certificate.publicKey)).toBe(true);
    expect(nodes.verify(ca.certificate.publicKey)).toBe(true);
  });
});
