import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { encodePem } from "../../src/x509/pem.js";
import { furnishedWorkplace } from "../helpers/certs-tool.js";
import { mintCa, mintLeaf } from "../helpers/mint.js";
import { has } from "../helpers/tools.js";

type Place = Awaited<ReturnType<typeof furnishedWorkplace>>;
const itemsOf = async (place: Place, path: string) => JSON.parse(await place.ok(`inspect ${path} --json`)).items;

describe("certs-tool inspect", () => {
  it("shows everything in a credentials directory but the secret", async () => {
    const place = await furnishedWorkplace();
    const text = await place.ok("inspect certs/cli");
    expect(text).toMatch(/^certs\/cli\/cert\.pem\n {2}SPIFFE ID {4}spiffe:\/\/local\.test\/cli\n/);
    expect(text).toContain("\ncerts/cli/key.pem\n  key          EC prime256v1\n");
    expect(text).toContain("\n  may sign     URI:local.test, DNS:localhost\n");
    expect(text).toContain("\ncerts/cli/pins.json\n  peer         spiffe://local.test/greeter sha256/");
    const key = readFileSync(join(place.directory, "certs/cli/key.pem"), "utf8").split("\n");
    for (const line of key.slice(1, -2)) expect(text).not.toContain(line);
    const items = await itemsOf(place, "certs/cli");
    expect(items.map(({ kind }: { kind: string }) => kind)).toEqual(["certificate", "key", "certificate", "pins"]);
    expect(items[0].pin).toBe(items[1].pin);
    expect(items[0]).toMatchObject({
      spiffeId: "spiffe://local.test/cli",
      ca: false,
      state: "valid",
      names: ["URI:spiffe://local.test/cli"],
      keyUsage: ["digitalSignature"],
      extendedKeyUsage: ["serverAuth", "clientAuth"],
    });
  });

  it("shows a CA", async () => {
    const place = await furnishedWorkplace();
    const [root, key] = await itemsOf(place, "ca");
    expect(root).toMatchObject({ ca: true, permittedNames: ["URI:local.test", "DNS:localhost"] });
    expect(key).toMatchObject({ kind: "key", pin: root.pin });
  });

  it.skipIf(!has("openssl"))("agrees with openssl on the pin, the fingerprint and the serial number", async () => {
    const place = await furnishedWorkplace();
    const path = join(place.directory, "certs/cli/cert.pem");
    const [{ pin, sha256, serialNumber }] = await itemsOf(place, "certs/cli/cert.pem");
    const sh = (script: string) => execFileSync("sh", ["-c", script, "sh", path], { encoding: "utf8" }).trim();
    expect(pin).toBe(
      `sha256/${sh('openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64')}`,
    );
    expect(sha256).toBe(sh('openssl x509 -in "$1" -outform der | sha256sum').split(" ")[0]);
    expect(`serial=${serialNumber.toUpperCase()}`).toBe(sh('openssl x509 -in "$1" -noout -serial'));
  });

  it("reads DER, several certificates in one file, and leaves that no peer would accept", async () => {
    const place = await furnishedWorkplace();
    const root = mintCa();
    const leaf = mintLeaf(root, { extendedKeyUsage: null, notAfter: new Date(Date.now() - 60_000) });
    writeFileSync(join(place.directory, "leaf.der"), leaf.der);
    writeFileSync(join(place.directory, "chain.pem"), leaf.pem + encodePem(root.der, "CERTIFICATE"));
    expect(await itemsOf(place, "leaf.der")).toMatchObject([
      { state: "expired", leafFault: "it has no extendedKeyUsage", serialNumber: leaf.certificate.serialNumber },
    ]);
    expect(await itemsOf(place, "chain.pem")).toHaveLength(2);
    expect(await place.ok("inspect leaf.der")).toContain("\n  not a leaf   it has no extendedKeyUsage\n");
  });

  it("shows control characters in a certificate escaped", async () => {
    const place = await furnishedWorkplace();
    const leaf = mintLeaf(mintCa(), { names: [{ kind: "uri", value: "spiffe://a/\u001b[2J\nb" }] });
    writeFileSync(join(place.directory, "hostile.der"), leaf.der);
    for (const line of ["inspect hostile.der", "inspect hostile.der --json"]) {
      const { stdout } = await place.run(line);
      expect(stdout).not.toContain("\u001b");
    }
  });

  it("says of an encrypted key only that it is encrypted", async () => {
    const place = await furnishedWorkplace();
    const env = { PINWIRE_CA_PASSPHRASE: "correct-horse" };
    await place.ok("init --ca sealed --trust-domain local.test", { env });
    expect(await itemsOf(place, "sealed/ca.key")).toEqual([{ file: "sealed/ca.key", kind: "key", type: "encrypted" }]);
  });

  it.each([
    ["none", "none does not exist", () => {}],
    [".", ". is neither a credentials directory nor a CA", () => {}],
    ["empty", "empty cannot be read: ", (place: Place) => writeFileSync(join(place.directory, "empty"), "")],
    ["text", "text cannot be read: ", (place: Place) => writeFileSync(join(place.directory, "text"), "hello")],
    [
      "half",
      "half cannot be read: PEM: a block that is cut off",
      (place: Place) => {
        const pem = readFileSync(join(place.directory, "certs/cli/cert.pem"));
        writeFileSync(join(place.directory, "half"), pem.subarray(0, 200));
      },
    ],
    ["/dev/zero", "/dev/zero is not a regular file", () => {}],
  ])("%s: fails with its reason", async (path, problem, prepare) => {
    const place = await furnishedWorkplace();
    prepare(place);
    const { code, stdout, stderr } = await place.run(`inspect ${path}`);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^certs-tool: error: .+\nhint: .+\n$/);
    expect(stderr).toContain(`certs-tool: error: ${problem}`);
  });
});
