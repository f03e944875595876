import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { TrustBundle } from "../../src/identity/trust-bundle.js";
import { TrustDomain } from "../../src/identity/trust-domain.js";
import { encodeName } from "../../src/x509/encode-name.js";
import { type CaOverrides, inDays, mintCa, mintLeaf } from "../helpers/mint.js";
import { thrown } from "../helpers/thrown.js";

const domain = TrustDomain.parse("local.test");
const ca = mintCa();
const refusal = (pem: string) => thrown(ConfigError, () => TrustBundle.fromPem(domain, pem, "certs/cli/bundle.pem"));

describe("TrustBundle", () => {
  test("holds the authorities of a trust domain", () => {
    const next = mintCa({ commonName: "next CA" });
    const bundle = TrustBundle.fromPem(domain, `# current\n${ca.pem}# next\n${next.pem}`);
    expect(bundle.trustDomain).toBe(domain);
    expect(bundle.authorities.map(({ der }) => der)).toEqual([ca.der, next.der]);
    expect(bundle.toPem()).toBe(ca.pem + next.pem);
    expect(bundle.named(next.subject)).toEqual([bundle.authorities[1]]);
    expect(bundle.named(encodeName({ commonName: "nobody" }))).toEqual([]);
    expect(bundle.has(next.certificate)).toBe(true);
    expect(bundle.has(mintCa({ commonName: "next CA" }).certificate)).toBe(false);
  });

  test("counts a certificate once", () => {
    expect(TrustBundle.fromPem(domain, ca.pem + ca.pem).authorities).toHaveLength(1);
  });

  test("may hold two authorities of one name", () => {
    const renewed = mintCa();
    expect(TrustBundle.fromPem(domain, ca.pem + renewed.pem).named(ca.subject)).toHaveLength(2);
  });

  test("takes an expired authority: old and new overlap", () => {
    const expired = mintCa({ notBefore: inDays(-2), notAfter: inDays(-1) });
    expect(TrustBundle.fromPem(domain, expired.pem).authorities).toHaveLength(1);
  });

  test.each([
    ["nothing", "", "it contains no certificate"],
    ["half a certificate", ca.pem.slice(0, 100), "PEM: a block that is cut off"],
    ["DER", ca.der.toString("latin1"), "it contains no certificate"],
    ["a key", ca.keyPem, "PEM: a block PRIVATE KEY, where CERTIFICATE is expected"],
    ["a key beside a certificate", ca.pem + ca.keyPem, "PEM: a block PRIVATE KEY, where CERTIFICATE is expected"],
    ["a leaf", mintLeaf(ca).pem, "no name: it is not a CA certificate (basicConstraints CA:TRUE)"],
    ["a leaf beside a CA", ca.pem + mintLeaf(ca).pem, "no name: it is not a CA certificate (basicConstraints CA:TRUE)"],
  ])("refuses %s", (_, pem, problem) => {
    const error = refusal(pem);
    expect(error.code).toBe("ERR_FILE_MALFORMED");
    expect(error.problem).toBe(`certs/cli/bundle.pem cannot be used: ${problem}`);
    expect(error.hint).toBe("copy the CA's ca.pem there, whole and unchanged");
  });

  test.each<[string, CaOverrides, string]>([
    ["no basicConstraints", { basicConstraints: null }, "it is not a CA certificate (basicConstraints CA:TRUE)"],
    ["CA:FALSE", { basicConstraints: { ca: false } }, "it is not a CA certificate (basicConstraints CA:TRUE)"],
    [
      "basicConstraints that is not critical",
      { basicConstraints: { ca: true, critical: false } },
      "its basicConstraints is not critical",
    ],
    ["no keyUsage", { keyUsage: null }, "its keyUsage lacks keyCertSign"],
    ["keyUsage without keyCertSign", { keyUsage: ["cRLSign"] }, "its keyUsage lacks keyCertSign"],
    ["version 1", { version: 1 }, "it is an X.509 v1 certificate, not v3"],
    ["version 2", { version: 2 }, "it is an X.509 v2 certificate, not v3"],
    ["serial number 0", { serialNumber: Buffer.alloc(1) }, "its serial number is zero"],
    [
      "an unknown critical extension",
      { extraExtensions: [{ oid: "1.2.3", critical: true, value: Buffer.alloc(0) }] },
      "it has the critical extension 1.2.3, which is unknown here",
    ],
    [
      "a key that is too weak",
      { key: generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey },
      "subjectPublicKeyInfo: a key weaker than is accepted",
    ],
  ])("refuses an authority with %s", (_, overrides, fault) => {
    expect(refusal(mintCa(overrides).pem).problem).toBe(
      `certs/cli/bundle.pem cannot be used: O=local.test, CN=pinwire test CA: ${fault}`,
    );
  });

  test("refuses an authority without a name", () => {
    expect(refusal(mintCa({ subject: encodeName({}), issuer: ca.subject }).pem).problem).toBe(
      "certs/cli/bundle.pem cannot be used: no name: its subject has no name",
    );
  });
});
