// CA-05: three verifiers that share no code with this project accept every certificate that the CA issues, and what is in
// it is as documented.
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { IssueOptions } from "../../src/ca/local-ca.js";
import { localCa } from "../helpers/local-ca.js";
import { has } from "../helpers/tools.js";

const python = "/usr/bin/python3";
const hasPyca = spawnSync(python, ["-c", "import cryptography.x509"]).status === 0;

const kinds: readonly (readonly [string, IssueOptions])[] = [
  ["as by default", {}],
  ["with a DNS name", { dnsNames: ["localhost"] }],
  ["that lives a minute", { ttlMs: 60_000 }],
  ["that lives 90 days", { ttlMs: 90 * 86_400_000 }],
  ["with a P-384 key", { privateKey: generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey }],
  ["with an RSA key", { privateKey: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey }],
];

/** The files of a CA and of a leaf that it issued. */
async function issue(options: IssueOptions): Promise<{ root: string; leaf: string }> {
  const ca = await localCa();
  const { certPem } = await ca.issue("spiffe://local.test/greeter", options);
  const leaf = join(ca.directory, "leaf.pem");
  writeFileSync(leaf, certPem);
  return { root: join(ca.directory, "ca.pem"), leaf };
}

function run(command: string, ...args: string[]): string {
  const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  return stdout + stderr;
}

describe.skipIf(!has("openssl"))("openssl verify -x509_strict accepts a leaf", () => {
  it.each(kinds)("%s", async (_, options) => {
    const { root, leaf } = await issue(options);
    for (const purpose of ["sslserver", "sslclient"]) {
      const verdict = run(
        "openssl",
        "verify",
        "-x509_strict",
        "-check_ss_sig",
        "-purpose",
        purpose,
        "-CAfile",
        root,
        leaf,
      );
      expect(verdict).toBe(`${leaf}: OK\n`);
    }
  });
});

describe.skipIf(!has("certtool"))("certtool accepts a leaf", () => {
  it.each(kinds)("%s", async (_, options) => {
    const { root, leaf } = await issue(options);
    const verdict = run(
      "certtool",
      "--verify",
      "--verify-profile=medium",
      "--load-ca-certificate",
      root,
      "--infile",
      leaf,
    );
    expect(verdict).toContain("Chain verification output: Verified. The certificate is trusted.");
  });
});

// Prints one JSON object with what pyca/cryptography reads in the leaf.
const pycaScript = `
import json, sys
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
root, leaf = (x509.load_pem_x509_certificate(open(f, "rb").read()) for f in sys.argv[1:3])
root.public_key().verify(leaf.signature, leaf.tbs_certificate_bytes, ec.ECDSA(leaf.signature_hash_algorithm))
get = lambda cert, kind: cert.extensions.get_extension_for_class(kind)
san = get(leaf, x509.SubjectAlternativeName)
usage = get(leaf, x509.KeyUsage)
aki, ski = get(leaf, x509.AuthorityKeyIdentifier).value, get(root, x509.SubjectKeyIdentifier).value
get(leaf, x509.SubjectKeyIdentifier)
print(json.dumps({
  "serialBits": leaf.serial_number.bit_length(),
  "uris": san.value.get_values_for_type(x509.UniformResourceIdentifier),
  "dns": san.value.get_values_for_type(x509.DNSName),
  "sanCritical": san.critical,
  "subject": leaf.subject.rfc4514_string(),
  "ca": get(leaf, x509.BasicConstraints).value.ca,
  "digitalSignature": usage.value.digital_signature,
  "keyCertSign": usage.value.key_cert_sign,
  "usageCritical": usage.critical,
  "purposes": [oid._name for oid in get(leaf, x509.ExtendedKeyUsage).value],
  "akiIsSki": aki.key_identifier == ski.digest,
  "withinIssuer": root.not_valid_before <= leaf.not_valid_before and leaf.not_valid_after <= root.not_valid_after,
}))
`;

describe.skipIf(!hasPyca)("pyca/cryptography reads what is documented in a leaf", () => {
  it.each(kinds)("%s", async (_, options) => {
    const { root, leaf } = await issue(options);
    const { serialBits, ...rest } = JSON.parse(run(python, "-W", "ignore", "-c", pycaScript, root, leaf));
    expect(serialBits).toBeGreaterThanOrEqual(96);
    expect(serialBits).toBeLessThanOrEqual(128);
    expect(rest).toEqual({
      uris: ["spiffe://local.test/greeter"],
      dns: options.dnsNames ?? [],
      sanCritical: true,
      subject: "",
      ca: false,
      digitalSignature: true,
      keyCertSign: false,
      usageCritical: true,
      purposes: ["serverAuth", "clientAuth"],
      akiIsSki: true,
      withinIssuer: true,
    });
  });
});

describe.skipIf(!has("openssl"))("a CA cannot vouch for anything outside its trust domain", () => {
  it.each([
    ["spiffe://local.test/x", "localhost", true],
    ["spiffe://other.test/x", "localhost", false],
    ["spiffe://sub.local.test/x", "localhost", false],
    ["spiffe://local.test/x", "example.com", false],
  ])("%s with DNS:%s: %s", async (uri, dns, accepted) => {
    // Signed by openssl with the stolen key, so that no rule of ours is in the way.
    const ca = await localCa();
    const file = (name: string) => join(ca.directory, name);
    writeFileSync(file("ext"), `subjectAltName=critical,URI:${uri},DNS:${dns}\nkeyUsage=critical,digitalSignature\n`);
    run(
      "openssl",
      "req",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-subj",
      "/",
      "-keyout",
      file("k"),
      "-out",
      file("csr"),
    );
    run(
      "openssl",
      "x509",
      "-req",
      "-in",
      file("csr"),
      "-CA",
      file("ca.pem"),
      "-CAkey",
      file("ca.key"),
      "-extfile",
      file("ext"),
      "-out",
      file("leaf"),
    );
    const verdict = run("openssl", "verify", "-CAfile", file("ca.pem"), file("leaf"));
    expect(verdict).toContain(accepted ? ": OK" : "permitted subtree violation");
  });
});
