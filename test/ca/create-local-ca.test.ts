import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createLocalCa, ensureLocalCa } from "../../src/ca/create-local-ca.js";
import { openLocalCa } from "../../src/ca/open-local-ca.js";
import { withUmask } from "../helpers/as-user.js";
import { localCa } from "../helpers/local-ca.js";
import { tempDirectory } from "../helpers/temp-directory.js";

const modeOf = (...path: string[]) => (statSync(join(...path)).mode & 0o777).toString(8);
const local = { trustDomain: "local.test" };

describe("createLocalCa", () => {
  it("makes a directory that only its owner can look into", async () => {
    const directory = join(tempDirectory(), "a", "ca");
    await withUmask(0, () => createLocalCa(directory, local));
    expect(readdirSync(directory).sort()).toEqual(["ca.key", "ca.pem"]);
    expect([modeOf(directory), modeOf(directory, ".."), modeOf(directory, "ca.key")]).toEqual(["700", "700", "600"]);
  });

  it("makes a root that is limited to its trust domain", async () => {
    const { bundle } = await localCa({ dnsNames: ["app.internal"] });
    const [root] = bundle.authorities;
    expect(root).toMatchObject({
      basicConstraints: { ca: true, pathLength: 0 },
      keyUsage: new Set(["keyCertSign", "cRLSign"]),
      subjectAltNames: [{ kind: "uri", value: "spiffe://local.test" }],
      nameConstraints: {
        permitted: [
          { kind: "uri", value: "local.test" },
          { kind: "dns", value: "localhost" },
          { kind: "dns", value: "app.internal" },
        ],
        excluded: [
          { kind: "ip", value: Buffer.alloc(8) },
          { kind: "ip", value: Buffer.alloc(32) },
        ],
      },
    });
    expect([...(root?.criticalExtensions ?? [])].sort()).toEqual(["2.5.29.15", "2.5.29.19", "2.5.29.30"]);
  });

  it("does not replace a CA", async () => {
    const ca = await localCa();
    const before = readFileSync(join(ca.directory, "ca.key"), "utf8");
    await expect(createLocalCa(ca.directory, local)).rejects.toMatchObject({
      code: "ERR_FILE_EXISTS",
      problem: `there is a CA in ${ca.directory} already`,
    });
    expect(readFileSync(join(ca.directory, "ca.key"), "utf8")).toBe(before);
  });

  it("finishes a creation that was interrupted between the key and the certificate", async () => {
    const ca = await localCa();
    const key = readFileSync(join(ca.directory, "ca.key"), "utf8");
    rmSync(join(ca.directory, "ca.pem"));
    await expect(openLocalCa(ca.directory)).rejects.toMatchObject({ code: "ERR_FILE_MISSING" });
    await createLocalCa(ca.directory, local);
    expect(readFileSync(join(ca.directory, "ca.key"), "utf8")).toBe(key);
  });

  it("encrypts the key that an interrupted creation left open when there is a passphrase now", async () => {
    const ca = await localCa();
    rmSync(join(ca.directory, "ca.pem"));
    await createLocalCa(ca.directory, { ...local, passphrase: "correct horse" });
    expect(readFileSync(join(ca.directory, "ca.key"), "utf8")).toContain("BEGIN ENCRYPTED PRIVATE KEY");
  });

  it("does not make a new certificate for a CA that has signed and lost its own", async () => {
    const ca = await localCa();
    await ca.issue("spiffe://local.test/cli");
    rmSync(join(ca.directory, "ca.pem"));
    await expect(createLocalCa(ca.directory, local)).rejects.toMatchObject({
      code: "ERR_FILE_MISSING",
      problem: `${join(ca.directory, "ca.pem")} is missing, but the CA has issued certificates`,
      hint: "restore it from a backup, or choose another directory",
    });
  });

  it.each(["10.0.0.1", "a..b", ".test", "test."])(
    "refuses the trust domain %s, which cannot limit a CA",
    async (name) => {
      const directory = join(tempDirectory(), "ca");
      await expect(createLocalCa(directory, { trustDomain: name })).rejects.toMatchObject({
        code: "ERR_INVALID_SPIFFE_ID",
        problem: `a CA cannot be limited to the trust domain "${name}"`,
      });
      expect(existsSync(directory)).toBe(false);
    },
  );

  it.each(["Local.test", "", "*.local", "127.0.0.1", "a_b", "-a", "a..b"])("refuses the DNS name %j", async (name) => {
    const directory = join(tempDirectory(), "ca");
    await expect(createLocalCa(directory, { ...local, dnsNames: [name] })).rejects.toMatchObject({
      code: "ERR_INVALID_OPTION",
      problem: `${JSON.stringify(name)} is not a DNS name`,
    });
    expect(existsSync(directory)).toBe(false);
  });

  it("refuses an empty passphrase, which would protect nothing", async () => {
    await expect(localCa({ passphrase: "" })).rejects.toMatchObject({
      code: "ERR_CA_PASSPHRASE",
      problem: "the passphrase for the CA key is empty",
    });
  });

  it("makes one CA when several try at once", async () => {
    const directory = join(tempDirectory(), "ca");
    const results = await Promise.all(Array.from({ length: 4 }, () => ensureLocalCa(directory, local)));
    expect(results.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(results.map(({ ca }) => ca.bundle.toPem())).size).toBe(1);
  });
});

describe("ensureLocalCa", () => {
  it("opens the CA that is there", async () => {
    const { directory } = await localCa({ dnsNames: ["app.internal"] });
    const { created, ca } = await ensureLocalCa(directory, { ...local, dnsNames: ["app.internal"] });
    expect([created, ca.dnsNames]).toEqual([false, ["localhost", "app.internal"]]);
    expect((await ensureLocalCa(directory, local)).created).toBe(false);
  });

  it("refuses one for another trust domain", async () => {
    const { directory } = await localCa();
    await expect(ensureLocalCa(directory, { trustDomain: "other.test" })).rejects.toMatchObject({
      code: "ERR_FILE_EXISTS",
      problem: `the CA in ${directory} is for the trust domain local.test, not other.test`,
      hint: "choose another directory for the CA of other.test",
    });
  });

  it("refuses one that may not sign a DNS name that is asked for", async () => {
    const { directory } = await localCa();
    await expect(ensureLocalCa(directory, { ...local, dnsNames: ["app.internal"] })).rejects.toMatchObject({
      code: "ERR_FILE_EXISTS",
      problem: `the CA in ${directory} may not sign the DNS name app.internal, and that cannot be changed any more`,
    });
  });
});

describe("openLocalCa", () => {
  it("says how to make a CA where there is none", async () => {
    const directory = tempDirectory();
    await expect(openLocalCa(directory)).rejects.toMatchObject({
      code: "ERR_FILE_MISSING",
      problem: `there is no CA in ${directory}`,
      hint: `run: certs-tool init --ca ${directory} --trust-domain NAME`,
    });
  });

  it.each(["ca.key", "ca.pem"])("refuses a damaged %s", async (file) => {
    const { directory } = await localCa();
    const path = join(directory, file);
    const { size } = statSync(path);
    truncateSync(path, Math.floor(size / 2));
    await expect(openLocalCa(directory)).rejects.toMatchObject({
      code: "ERR_FILE_MALFORMED",
      problem: expect.stringContaining(path),
    });
  });

  it("refuses the key of another CA", async () => {
    const [ours, other] = [await localCa(), await localCa()];
    copyFileSync(join(other.directory, "ca.key"), join(ours.directory, "ca.key"));
    await expect(openLocalCa(ours.directory)).rejects.toMatchObject({
      code: "ERR_KEY_MISMATCH",
      problem: `${join(ours.directory, "ca.key")} is not the key of ${join(ours.directory, "ca.pem")}`,
    });
  });

  it("refuses a leaf in place of the CA certificate", async () => {
    const ca = await localCa();
    const { certPem } = await ca.issue("spiffe://local.test/cli");
    writeFileSync(join(ca.directory, "ca.pem"), certPem);
    await expect(openLocalCa(ca.directory)).rejects.toMatchObject({
      code: "ERR_FILE_MALFORMED",
      problem: expect.stringContaining("it does not name its trust domain"),
    });
  });

  it("needs the passphrase of an encrypted key", async () => {
    const { directory } = await localCa({ passphrase: "correct horse" });
    const key = join(directory, "ca.key");
    await expect(openLocalCa(directory)).rejects.toMatchObject({
      code: "ERR_CA_PASSPHRASE",
      problem: `${key} is encrypted`,
      hint: "set the environment variable PINWIRE_CA_PASSPHRASE, or the option passphrase",
    });
    await expect(openLocalCa(directory, { passphrase: "wrong" })).rejects.toMatchObject({
      code: "ERR_CA_PASSPHRASE",
      problem: `${key} cannot be decrypted: wrong passphrase, or a damaged file`,
    });
    const ca = await openLocalCa(directory, { passphrase: "correct horse" });
    expect(String((await ca.issue("spiffe://local.test/cli")).id)).toBe("spiffe://local.test/cli");
  });

  it("refuses a directory that others can look into", async () => {
    const { directory } = await localCa();
    chmodSync(directory, 0o755);
    await expect(openLocalCa(directory)).rejects.toMatchObject({
      code: "ERR_DIRECTORY_NOT_PRIVATE",
      hint: `run: chmod 700 ${directory}`,
    });
  });
});

it("does not touch a directory that is there and open", async () => {
  const directory = join(tempDirectory(), "ca");
  mkdirSync(directory);
  chmodSync(directory, 0o755);
  await expect(createLocalCa(directory, local)).rejects.toMatchObject({ code: "ERR_DIRECTORY_NOT_PRIVATE" });
  expect([readdirSync(directory), modeOf(directory)]).toEqual([[], "755"]);
});
