// CA-01: a certification request whose self-signature does not prove that its maker holds the key is refused. openssl makes
// the requests and says which are good.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { certifyRequest } from "../../src/ca/certify-request.js";
import { publicKeyOfRequest } from "../../src/x509/certification-request.js";
import { encodePem } from "../../src/x509/pem.js";
import { X509Error } from "../../src/x509/x509-error.js";
import { localCa } from "../helpers/local-ca.js";
import { tempDirectory } from "../helpers/temp-directory.js";
import { has } from "../helpers/tools.js";

const p256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

function makeRequest(...options: string[]): string {
  const path = join(tempDirectory(), "request.csr");
  const args = ["req", "-new", "-nodes", "-subj", "/CN=anything", "-keyout", `${path}.key`, "-out", path, ...options];
  execFileSync("openssl", args, { stdio: "pipe" });
  return path;
}

/** Its exit code is 0 either way; OpenSSL 3.0 says it in words. */
const opensslAccepts = (path: string) => {
  return String(spawnSync("openssl", ["req", "-verify", "-noout", "-in", path]).stderr).includes("verify OK");
};
const derOf = (path: string) => {
  return Buffer.from(readFileSync(path, "utf8").replace(/-----.*-----|\s/g, ""), "base64");
};

describe.skipIf(!has("openssl"))("a certification request", () => {
  it.each([
    ["P-256", p256],
    ["P-384", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha384"]],
    ["RSA-2048", ["-newkey", "rsa:2048"]],
  ])("with a %s key is granted", async (_, options) => {
    const ca = await localCa();
    const request = makeRequest(...options);
    const out = join(ca.directory, "..", "cli");
    const { leaf, outcome } = await certifyRequest(ca, "spiffe://local.test/cli", request, out);
    expect(outcome).toBe("issued");
    const spki = execFileSync("openssl", ["req", "-in", request, "-noout", "-pubkey"], { encoding: "utf8" });
    expect(encodePem(leaf.spki, "PUBLIC KEY")).toBe(spki);
    expect(existsSync(join(out, "key.pem"))).toBe(false);
  });

  it("is refused when one bit of it is flipped, wherever", () => {
    const der = derOf(makeRequest(...p256));
    for (let bit = 0; bit < der.length * 8; bit++) {
      const flipped = Buffer.from(der);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => publicKeyOfRequest(encodePem(flipped, "CERTIFICATE REQUEST")), `bit ${bit}`).toThrow(X509Error);
    }
  });

  it("is refused when it is cut, wherever", () => {
    const der = derOf(makeRequest(...p256));
    for (let length = 1; length < der.length; length++) {
      const cut = encodePem(der.subarray(0, length), "CERTIFICATE REQUEST");
      expect(() => publicKeyOfRequest(cut), `${length} bytes`).toThrow(X509Error);
    }
  });

  it("is refused when its key was exchanged, and nothing is recorded or written", async () => {
    const ca = await localCa();
    const [good, other] = [makeRequest(...p256), makeRequest(...p256)];
    expect(opensslAccepts(good)).toBe(true);
    const point = (der: Buffer) => der.indexOf(Buffer.from("03420004", "hex")) + 4;
    const forged = derOf(good);
    derOf(other).copy(forged, point(forged), point(derOf(other)), point(derOf(other)) + 64);
    writeFileSync(good, encodePem(forged, "CERTIFICATE REQUEST"));
    expect(opensslAccepts(good)).toBe(false);
    const out = join(ca.directory, "..", "cli");
    await expect(certifyRequest(ca, "spiffe://local.test/cli", good, out)).rejects.toMatchObject({
      code: "ERR_FILE_MALFORMED",
      problem: `${good} is not a request that can be granted: certification request: its signature is not by its key`,
      hint: expect.stringContaining("openssl req -new"),
    });
    expect(await ca.issued()).toEqual([]);
    expect(existsSync(out)).toBe(false);
  });

  it.each([
    ["an RSA-1024 key", ["-newkey", "rsa:1024"], "a key weaker than is accepted"],
    ["a P-521 key", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"], "not a P-256, P-384 or RSA key"],
    ["an Ed25519 key", ["-newkey", "ed25519"], "not a P-256, P-384 or RSA key"],
    ["a SHA-1 signature", [...p256, "-sha1"], "its signature is not by its key"],
  ])("with %s is refused", async (_, options, fault) => {
    const ca = await localCa();
    const request = makeRequest(...options);
    await expect(certifyRequest(ca, "spiffe://local.test/cli", request, "/nowhere")).rejects.toMatchObject({
      code: "ERR_FILE_MALFORMED",
      problem: expect.stringContaining(fault),
    });
  });

  it("is refused when the file holds something else, or two", async () => {
    const ca = await localCa();
    const request = makeRequest(...p256);
    const text = readFileSync(request, "utf8");
    for (const content of ["", "hello", text + text, ca.bundle.toPem()]) {
      writeFileSync(request, content);
      await expect(certifyRequest(ca, "spiffe://local.test/cli", request, "/nowhere")).rejects.toMatchObject({
        code: "ERR_FILE_MALFORMED",
      });
    }
  });
});
