import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { checkLeafProfile, type PeerRole } from "../../src/identity/leaf-profile.js";
import { encodeName } from "../../src/x509/encode-name.js";
import { oids } from "../../src/x509/object-identifiers.js";
import { type LeafOverrides, mintCa, mintLeaf } from "../helpers/mint.js";

const ca = mintCa();
const id = "spiffe://local.test/cli";
const uri = { kind: "uri", value: id } as const;
const names = (count: number) => {
  const dns = Array.from({ length: count - 1 }, (_, i) => ({ kind: "dns", value: `a${i}.local.test` }) as const);
  return [uri, ...dns];
};
const unknown = (critical: boolean) => [{ oid: "1.3.6.1.4.1.55738.1", critical, value: Buffer.from("0500", "hex") }];
const check = (overrides: LeafOverrides, role?: PeerRole) =>
  checkLeafProfile(mintLeaf(ca, overrides).certificate, role);

describe("checkLeafProfile", () => {
  test.each<[string, LeafOverrides]>([
    ["a leaf as we issue it", {}],
    ["no basicConstraints", { basicConstraints: null }],
    ["keyEncipherment and keyAgreement too", { keyUsage: ["digitalSignature", "keyEncipherment", "keyAgreement"] }],
    ["a purpose beside the two", { extendedKeyUsage: [oids.serverAuth, oids.clientAuth, oids.emailProtection] }],
    ["a subject", { subject: encodeName({ commonName: "cli" }) }],
    ["DNS names", { dns: ["localhost", "*.local.test"] }],
    ["other names", { names: [uri, { kind: "email", value: "a@b.c" }, { kind: "ip", value: Buffer.alloc(4) }] }],
    ["32 names", { names: names(32) }],
    ["an unknown extension that is not critical", { extraExtensions: unknown(false) }],
    ["no key identifiers", { subjectKeyId: null, authorityKeyId: null }],
    ["a serial number of 20 octets", { serialNumber: Buffer.alloc(20, 0x7f) }],
    ["a P-384 key", { key: generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey }],
    ["an RSA-2048 key", { key: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey }],
  ])("accepts %s", (_, overrides) => {
    const result = check(overrides);
    expect(result.ok && result.id.toString()).toBe(id);
  });

  test.each<[string, LeafOverrides, string]>([
    ["version 1", { version: 1 }, "it is an X.509 v1 certificate, not v3"],
    ["version 2", { version: 2 }, "it is an X.509 v2 certificate, not v3"],
    ["an issuer without a name", { issuer: encodeName({}) }, "its issuer has no name"],
    ["serial number 0", { serialNumber: Buffer.alloc(1) }, "its serial number is zero"],
    ["a negative serial number", { serialNumber: Buffer.from([0x80]) }, "its serial number is negative"],
    [
      "a serial number of 21 octets",
      { serialNumber: Buffer.alloc(21, 0x7f) },
      "its serial number has more than 20 octets",
    ],
    [
      "a serial number of 20 octets and a sign octet",
      { serialNumber: Buffer.concat([Buffer.alloc(1), Buffer.alloc(20, 0x80)]) },
      "its serial number has more than 20 octets",
    ],
    [
      "an unknown critical extension",
      { extraExtensions: unknown(true) },
      "it has the critical extension 1.3.6.1.4.1.55738.1, which is unknown here",
    ],
    [
      "a P-521 key",
      { key: generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey },
      "subjectPublicKeyInfo: not a P-256, P-384 or RSA key",
    ],
    [
      "an RSA-1024 key",
      { key: generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey },
      "subjectPublicKeyInfo: a key weaker than is accepted",
    ],
    ["CA:TRUE", { basicConstraints: { ca: true } }, "it is a CA certificate"],
    ["a path length", { basicConstraints: { ca: false, pathLength: 0 } }, "it has a path length, which only a CA has"],
    ["no keyUsage", { keyUsage: null }, "it has no keyUsage"],
    ["keyUsage without digitalSignature", { keyUsage: ["keyAgreement"] }, "its keyUsage lacks digitalSignature"],
    ["keyUsage with keyCertSign", { keyUsage: ["digitalSignature", "keyCertSign"] }, "its keyUsage has keyCertSign"],
    ["keyUsage with cRLSign", { keyUsage: ["digitalSignature", "cRLSign"] }, "its keyUsage has cRLSign"],
    ["no extendedKeyUsage", { extendedKeyUsage: null }, "it has no extendedKeyUsage"],
    ["33 names", { names: names(33) }, "its subjectAltName has more than 32 names"],
    ["a DNS name that is none", { dns: ["under_score"] }, 'its DNS name "under_score" is not a host name'],
    ["an IP address as DNS name", { dns: ["127.0.0.1"] }, 'its DNS name "127.0.0.1" is not a host name'],
    ["no subjectAltName", { names: null }, "its subjectAltName has no URI"],
    ["no URI", { names: [{ kind: "dns", value: "localhost" }] }, "its subjectAltName has no URI"],
    ["two SPIFFE IDs", { names: [uri, { kind: "uri", value: `${id}2` }] }, "its subjectAltName has more than one URI"],
    ["the same SPIFFE ID twice", { names: [uri, uri] }, "its subjectAltName has more than one URI"],
    [
      "a URI of another scheme beside it",
      { names: [uri, { kind: "uri", value: "https://local.test/cli" }] },
      "its subjectAltName has more than one URI",
    ],
    [
      "a URI of another scheme",
      { id: "https://local.test/cli" },
      'its URI "https://local.test/cli" is not a SPIFFE ID: it does not start with spiffe://',
    ],
    ["the trust domain's own ID", { id: "spiffe://local.test" }, "its SPIFFE ID spiffe://local.test has no path"],
    [
      "an ID that is not well-formed",
      { id: "spiffe://local.test/a/../cli" },
      'its URI "spiffe://local.test/a/../cli" is not a SPIFFE ID: its path has a dot segment',
    ],
  ])("refuses %s", (_, overrides, fault) => {
    expect(check(overrides)).toEqual({ ok: false, code: "ERR_LEAF_PROFILE", fault });
  });

  test("refuses what minting does not let us break: criticality", () => {
    const { certificate } = mintLeaf(ca);
    const without = (oid: string) => {
      const criticalExtensions = new Set([...certificate.criticalExtensions].filter((critical) => critical !== oid));
      return checkLeafProfile({ ...certificate, criticalExtensions });
    };
    expect(without(oids.keyUsage)).toMatchObject({ fault: "its keyUsage is not critical" });
    expect(without(oids.subjectAltName)).toMatchObject({
      fault: "its subject is empty, and its subjectAltName is not critical",
    });
    const nameConstraints = { permitted: [], excluded: [] };
    expect(checkLeafProfile({ ...certificate, nameConstraints })).toMatchObject({
      fault: "it has nameConstraints, which only a CA has",
    });
  });

  const { serverAuth, clientAuth, emailProtection, anyExtendedKeyUsage } = oids;

  test.each<[string, string[], Record<"client" | "server" | "both", string | undefined>]>([
    ["both", [serverAuth, clientAuth], { client: undefined, server: undefined, both: undefined }],
    ["clientAuth", [clientAuth], { client: undefined, server: "serverAuth", both: "serverAuth" }],
    ["serverAuth", [serverAuth], { client: "clientAuth", server: undefined, both: "clientAuth" }],
    ["emailProtection", [emailProtection], { client: "clientAuth", server: "serverAuth", both: "clientAuth" }],
    ["any", [anyExtendedKeyUsage], { client: "clientAuth", server: "serverAuth", both: "clientAuth" }],
  ])("extended key usage %s, in each role", (_, extendedKeyUsage, missing) => {
    const fault = (role?: PeerRole) => {
      const result = check({ extendedKeyUsage }, role);
      return result.ok ? undefined : result.fault.replace("its extendedKeyUsage lacks ", "");
    };
    expect({ client: fault("client"), server: fault("server"), both: fault() }).toEqual(missing);
  });
});
