import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { X509Svid } from "../../src/identity/x509-svid.js";
import { generateKeys, privateKeyToPem } from "../../src/x509/keys.js";
import { oids } from "../../src/x509/object-identifiers.js";
import { inDays, mintCa, mintLeaf } from "../helpers/mint.js";
import { thrown } from "../helpers/thrown.js";
import { cli, pinOf } from "../helpers/verify.js";

const root = mintCa({ commonName: "root" });
const upper = mintCa({ parent: root, commonName: "upper" });
const lower = mintCa({ parent: upper, commonName: "lower" });
const leaf = mintLeaf(lower);
const now = new Date();
const fromPem = (certPem: string, keyPem = leaf.keyPem, at = now) => {
  return X509Svid.fromPem({ certPem, keyPem, now: at, certFile: "certs/cli/cert.pem", keyFile: "certs/cli/key.pem" });
};

describe("X509Svid", () => {
  test("is the ID, its chain and its key", () => {
    const certPem = leaf.pem + lower.pem + upper.pem;
    const svid = fromPem(certPem);
    expect(svid.id.equals(cli)).toBe(true);
    expect(svid.chain.map(({ der }) => der)).toEqual([leaf.der, lower.der, upper.der]);
    expect(svid.leaf.der).toEqual(leaf.der);
    expect(svid.privateKey.equals(leaf.key)).toBe(true);
    expect(svid.pin.equals(pinOf(leaf))).toBe(true);
    expect(svid.notAfter).toEqual(leaf.certificate.notAfter);
    expect([svid.certPem, svid.keyPem, `${svid}`]).toEqual([certPem, leaf.keyPem, cli.toString()]);
    expect([svid.supports("client"), svid.supports("server")]).toEqual([true, true]);
  });

  test("does not show its key in a log", () => {
    const shown = inspect(fromPem(leaf.pem), { depth: 5 }) + JSON.stringify(fromPem(leaf.pem));
    expect(shown).not.toContain("PRIVATE KEY");
  });

  test("may be for one role only", () => {
    const server = mintLeaf(root, { extendedKeyUsage: [oids.serverAuth] });
    const svid = fromPem(server.pem, server.keyPem);
    expect([svid.supports("client"), svid.supports("server")]).toEqual([false, true]);
  });

  test.each<[string, () => X509Svid, string, string]>([
    [
      "no certificate",
      () => fromPem(""),
      "ERR_FILE_MALFORMED",
      "certs/cli/cert.pem cannot be read: it contains no certificate",
    ],
    [
      "half a certificate",
      () => fromPem(leaf.pem.slice(0, 200)),
      "ERR_FILE_MALFORMED",
      "certs/cli/cert.pem cannot be read: PEM: a block that is cut off",
    ],
    [
      "a key in place of the certificate",
      () => fromPem(leaf.keyPem),
      "ERR_FILE_MALFORMED",
      "certs/cli/cert.pem cannot be read: PEM: a block PRIVATE KEY, where CERTIFICATE is expected",
    ],
    [
      "a certificate in place of the key",
      () => fromPem(leaf.pem, leaf.pem),
      "ERR_KEY_UNSUPPORTED",
      "certs/cli/key.pem cannot be used: PEM: a block CERTIFICATE, where PRIVATE KEY is expected",
    ],
    [
      "an encrypted key",
      () => fromPem(leaf.pem, privateKeyToPem(leaf.key, "secret")),
      "ERR_KEY_UNSUPPORTED",
      "certs/cli/key.pem cannot be used: PEM: a block ENCRYPTED PRIVATE KEY, where PRIVATE KEY is expected",
    ],
    [
      "the key of another leaf",
      () => fromPem(leaf.pem, privateKeyToPem(generateKeys().privateKey)),
      "ERR_KEY_MISMATCH",
      "certs/cli/key.pem is not the key of certs/cli/cert.pem",
    ],
    [
      "a CA certificate in place of a leaf",
      () => fromPem(root.pem, root.keyPem),
      "ERR_LEAF_PROFILE",
      "certs/cli/cert.pem: it is a CA certificate",
    ],
    [
      "a leaf for neither role",
      () => fromPem(mintLeaf(root, { key: leaf.key, extendedKeyUsage: [oids.emailProtection] }).pem),
      "ERR_LEAF_PROFILE",
      "certs/cli/cert.pem: its extendedKeyUsage lacks clientAuth",
    ],
    [
      "a leaf without a SPIFFE ID",
      () => fromPem(mintLeaf(root, { key: leaf.key, names: null }).pem),
      "ERR_LEAF_PROFILE",
      "certs/cli/cert.pem: its subjectAltName has no URI",
    ],
    [
      "an expired leaf",
      () => fromPem(leaf.pem, leaf.keyPem, inDays(2)),
      "ERR_CERTIFICATE_EXPIRED",
      `certs/cli/cert.pem: it expired at ${leaf.certificate.notAfter.toISOString().replace(".000", "")}`,
    ],
    [
      "a leaf of the future",
      () => fromPem(leaf.pem, leaf.keyPem, inDays(-1)),
      "ERR_CERTIFICATE_NOT_YET_VALID",
      `certs/cli/cert.pem: it is not valid before ${leaf.certificate.notBefore.toISOString().replace(".000", "")}`,
    ],
    [
      "intermediates in the wrong order",
      () => fromPem(leaf.pem + upper.pem + lower.pem),
      "ERR_CHAIN_INVALID",
      "certs/cli/cert.pem: certificate 2 did not sign the one before it",
    ],
    [
      "an intermediate of the same name and another key",
      () => fromPem(leaf.pem + mintCa({ parent: upper, commonName: "lower" }).pem),
      "ERR_CHAIN_INVALID",
      "certs/cli/cert.pem: certificate 2 did not sign the one before it",
    ],
    [
      "a leaf where an intermediate should be",
      () => fromPem(leaf.pem + lower.pem + mintLeaf(root).pem),
      "ERR_CHAIN_INVALID",
      "certs/cli/cert.pem, certificate 3: it is not a CA certificate (basicConstraints CA:TRUE)",
    ],
  ])("refuses %s", (_, load, code, problem) => {
    const error = thrown(ConfigError, load);
    expect([error.code, error.problem]).toEqual([code, problem]);
    const issue = "issue a new certificate and key with certs-tool issue SPIFFE_ID --ca CA_DIR --out DIR --force";
    if (code === "ERR_CERTIFICATE_EXPIRED" || code === "ERR_CERTIFICATE_NOT_YET_VALID") {
      const clock = code === "ERR_CERTIFICATE_EXPIRED" ? "" : "check the clock of this machine, or ";
      const renew =
        "renew it, with the command that made it: certs-tool issue spiffe://local.test/cli --ca CA_DIR --out DIR";
      expect(error.hint).toBe(clock + renew);
      return;
    }
    const clock = code === "ERR_CERTIFICATE_NOT_YET_VALID" ? "check the clock of this machine, or " : "";
    expect(error.hint).toBe(clock + issue);
  });
});
