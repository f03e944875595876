import { generateKeyPairSync } from "node:crypto";
import { appendFileSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { listIssued } from "../../src/ca/list-issued.js";
import { generateKeys, spkiOf } from "../../src/x509/keys.js";
import { withUmask } from "../helpers/as-user.js";
import { localCa } from "../helpers/local-ca.js";

const cli = "spiffe://local.test/cli";

describe("LocalCa.issue", () => {
  it("issues a leaf by the profile", async () => {
    const now = Date.parse("2026-03-01T12:00:00Z");
    const ca = await localCa({ now: () => now });
    const { leaf, id, chain, privateKey } = await ca.issue(cli, { dnsNames: ["localhost"] });
    expect(String(id)).toBe(cli);
    expect(chain).toHaveLength(1);
    expect(leaf).toMatchObject({
      version: 3,
      signatureAlgorithm: "1.2.840.10045.4.3.2",
      notBefore: new Date(now - 300_000),
      notAfter: new Date(now + 86_400_000),
      basicConstraints: { ca: false },
      keyUsage: new Set(["digitalSignature"]),
      extendedKeyUsage: ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"],
      subjectAltNames: [
        { kind: "uri", value: cli },
        { kind: "dns", value: "localhost" },
      ],
      subject: Buffer.from("3000", "hex"),
      authorityKeyId: ca.bundle.authorities[0]?.subjectKeyId,
    });
    expect([...leaf.criticalExtensions].sort()).toEqual(["2.5.29.15", "2.5.29.17", "2.5.29.19"]);
    expect(spkiOf(privateKey)).toEqual(leaf.spki);
  });

  it("certifies a key that is there, so that its pin stays", async () => {
    const ca = await localCa();
    const first = await ca.issue(cli);
    const second = await ca.issue(cli, { privateKey: first.privateKey });
    expect(second.pin.equals(first.pin)).toBe(true);
    expect(second.leaf.serialNumber).not.toBe(first.leaf.serialNumber);
  });

  it("uses only the public half of a key to certify", async () => {
    const ca = await localCa();
    const { publicKey } = generateKeys();
    const { leaf, certPem } = await ca.certify(cli, publicKey);
    expect(leaf.spki).toEqual(spkiOf(publicKey));
    expect(certPem).toContain("BEGIN CERTIFICATE");
  });

  it("refuses an ID of another trust domain", async () => {
    const ca = await localCa();
    await expect(ca.issue("spiffe://other.test/cli")).rejects.toMatchObject({
      code: "ERR_WRONG_TRUST_DOMAIN",
      problem: `spiffe://other.test/cli is not in the trust domain local.test of the CA in ${ca.directory}`,
      hint: "use spiffe://local.test/cli, or the CA of other.test",
    });
  });

  it("refuses the ID of the trust domain itself", async () => {
    const ca = await localCa();
    await expect(ca.issue("spiffe://local.test")).rejects.toMatchObject({
      code: "ERR_INVALID_SPIFFE_ID",
      hint: "add a path, for example spiffe://local.test/greeter",
    });
  });

  it("refuses what is not a SPIFFE ID", async () => {
    const ca = await localCa();
    await expect(ca.issue("https://local.test/cli")).rejects.toMatchObject({ code: "ERR_INVALID_SPIFFE_ID" });
  });

  it("refuses a DNS name that its certificate does not allow, and says what to do", async () => {
    const ca = await localCa();
    await expect(ca.issue(cli, { dnsNames: ["localhost", "example.com"] })).rejects.toMatchObject({
      code: "ERR_INVALID_OPTION",
      problem: `the CA in ${ca.directory} may not sign the DNS name example.com, only localhost`,
      hint: "leave it out, or create a CA that may: certs-tool init --ca NEW_DIR --trust-domain local.test --dns example.com",
    });
  });

  it("signs names below a DNS name that it may sign, and no others", async () => {
    const ca = await localCa({ dnsNames: ["app.internal"] });
    const { leaf } = await ca.issue(cli, { dnsNames: ["one.app.internal"] });
    expect(leaf.subjectAltNames).toContainEqual({ kind: "dns", value: "one.app.internal" });
    await expect(ca.issue(cli, { dnsNames: ["otherapp.internal"] })).rejects.toMatchObject({
      code: "ERR_INVALID_OPTION",
    });
  });

  it("refuses a key that no peer would accept, and records nothing", async () => {
    const ca = await localCa();
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    await expect(ca.certify(cli, publicKey)).rejects.toMatchObject({
      code: "ERR_LEAF_PROFILE",
      problem: expect.stringContaining("the certificate would be refused by its peers"),
    });
    expect(await ca.issued()).toEqual([]);
  });

  it("does not issue when its own certificate has expired", async () => {
    let now = Date.parse("2026-03-01T12:00:00Z");
    const ca = await localCa({ now: () => now });
    now = Date.parse("2036-03-01T12:00:01Z");
    await expect(ca.issue(cli)).rejects.toMatchObject({ code: "ERR_CERTIFICATE_EXPIRED" });
  });
});

describe("the record of a CA", () => {
  it("holds every certificate, is private, and needs no key to be read", async () => {
    const ca = await localCa();
    const svid = await withUmask(0, () => ca.issue(cli, { dnsNames: ["localhost"] }));
    await ca.issue("spiffe://local.test/greeter");
    rmSync(join(ca.directory, "ca.key"));
    const issued = await listIssued(ca.directory);
    expect(issued.map(({ spiffeId }) => spiffeId)).toEqual([cli, "spiffe://local.test/greeter"]);
    expect(issued[0]).toMatchObject({
      serialNumber: svid.leaf.serialNumber,
      pin: svid.pin.toString(),
      dnsNames: ["localhost"],
      notAfter: svid.notAfter.toISOString(),
      certificate: svid.leaf.der.toString("base64"),
    });
    const modes = ["issued.jsonl", "serials"].map((file) => statSync(join(ca.directory, file)).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600]);
  });

  it("holds each certificate when many are issued at once", async () => {
    const ca = await localCa();
    const svids = await Promise.all(Array.from({ length: 8 }, (_, n) => ca.issue(`spiffe://local.test/${n}`)));
    const serials = svids.map(({ leaf }) => leaf.serialNumber);
    expect((await ca.issued()).map(({ serialNumber }) => serialNumber).sort()).toEqual(serials.sort());
    expect(readFileSync(join(ca.directory, "serials"), "utf8").trimEnd().split("\n").sort()).toEqual(serials);
  });

  it("lets no certificate out that it cannot record", async () => {
    const ca = await localCa();
    symlinkSync("/dev/full", join(ca.directory, "issued.jsonl"));
    await expect(ca.issue(cli)).rejects.toMatchObject({
      code: "ERR_FILE_WRITE",
      problem: `cannot write ${join(ca.directory, "issued.jsonl")}: it is a symbolic link (ELOOP)`,
    });
  });

  it("forgets a line that a crash tore, whose certificate never left", async () => {
    const ca = await localCa();
    await ca.issue(cli);
    appendFileSync(join(ca.directory, "issued.jsonl"), '{"serialNumber":"12');
    expect(await ca.issued()).toHaveLength(1);
    await ca.issue(cli);
    expect(await ca.issued()).toHaveLength(2);
  });

  it.each(["not json", "{}", "null", '{"serialNumber":1}'])("refuses the line %s and names it", async (line) => {
    const ca = await localCa();
    await ca.issue(cli);
    appendFileSync(join(ca.directory, "issued.jsonl"), `${line}\n`);
    await expect(ca.issued()).rejects.toMatchObject({
      code: "ERR_FILE_MALFORMED",
      problem: `${join(ca.directory, "issued.jsonl")}, line 2, is not a record of an issued certificate`,
    });
  });

  it("refuses a record with a field it does not know", async () => {
    const ca = await localCa();
    await ca.issue(cli);
    const path = join(ca.directory, "issued.jsonl");
    const [record] = await ca.issued();
    writeFileSync(path, `${JSON.stringify({ ...record, extra: "" })}\n`);
    await expect(ca.issued()).rejects.toMatchObject({ code: "ERR_FILE_MALFORMED" });
  });
});
