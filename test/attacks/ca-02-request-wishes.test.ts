// CA-02: whatever a certification request asks for, the leaf is what the CA's own rules and the operator's command line
// say. openssl makes the greedy request and prints the leaf.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadCredentials } from "../../src/credentials/load-credentials.js";
import { furnishedWorkplace, type Workplace } from "../helpers/certs-tool.js";
import { has } from "../helpers/tools.js";

const greedy = `
[req]
distinguished_name = dn
req_extensions = wishes
prompt = no
[dn]
CN = spiffe://local.test/admin
[wishes]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign, digitalSignature
extendedKeyUsage = anyExtendedKeyUsage, emailProtection
subjectAltName = URI:spiffe://local.test/admin, URI:spiffe://local.test/root, DNS:example.com, IP:127.0.0.1, email:root@local.test
nameConstraints = permitted;DNS:example.com
`;

function openssl(...args: string[]): string {
  return execFileSync("openssl", args, { encoding: "utf8", stdio: "pipe" });
}

function makeGreedyRequest({ directory }: Workplace): void {
  const file = (name: string) => join(directory, name);
  writeFileSync(file("wishes.cnf"), greedy);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file("key.pem")];
  openssl("req", "-new", ...key, "-days", "36500", "-config", file("wishes.cnf"), "-out", file("greedy.csr"));
  expect(openssl("req", "-in", file("greedy.csr"), "-noout", "-text")).toContain("CA:TRUE");
}

describe.skipIf(!has("openssl"))("of a request that asks for everything", () => {
  it("only the public key gets into the leaf", async () => {
    const place = await furnishedWorkplace();
    makeGreedyRequest(place);
    const stdout = await place.ok("issue spiffe://local.test/web --ca ca --out certs/web --csr greedy.csr");
    const text = openssl("x509", "-in", join(place.directory, "certs/web/cert.pem"), "-noout", "-text");
    expect(text).toMatch(/Subject: *\n/);
    expect(text).toContain("X509v3 Basic Constraints: critical\n                CA:FALSE");
    expect(text).toContain("X509v3 Key Usage: critical\n                Digital Signature\n");
    expect(text).toContain("TLS Web Server Authentication, TLS Web Client Authentication\n");
    expect(text).toContain("X509v3 Subject Alternative Name: critical\n                URI:spiffe://local.test/web\n");
    for (const wish of ["admin", "root@", "example.com", "127.0.0.1", "E-mail", "Any Extended", "Certificate Sign"]) {
      expect(text).not.toContain(wish);
    }
    const key = (file: string, ...args: string[]) =>
      openssl(...args, "-in", join(place.directory, file), "-noout", "-pubkey");
    expect(key("certs/web/cert.pem", "x509")).toBe(key("greedy.csr", "req"));
    const [{ pin }] = JSON.parse(await place.ok("inspect certs/web/cert.pem --json")).items;
    expect(stdout).toContain(`\npin ${pin}\n`);
  });

  it("the leaf lives as long as the operator says", async () => {
    const place = await furnishedWorkplace();
    makeGreedyRequest(place);
    const line = "issue spiffe://local.test/web --ca ca --out certs/web --csr greedy.csr --json";
    const { notAfter } = JSON.parse(await place.ok(`${line} --ttl 1h`));
    expect(Date.parse(notAfter) - Date.now()).toBeLessThanOrEqual(3_600_000);
    expect(JSON.parse(await place.ok(line)).outcome).toBe("unchanged");
    expect(JSON.parse(await place.ok(`${line} --force`))).toMatchObject({ outcome: "renewed", replaced: [] });
  });

  it("the leaf works beside the key that was never here", async () => {
    const place = await furnishedWorkplace();
    makeGreedyRequest(place);
    await place.ok("issue spiffe://local.test/web --ca ca --out certs/web --csr greedy.csr");
    const web = join(place.directory, "certs/web");
    expect(readdirSync(web).sort()).toEqual(["bundle.pem", "cert.pem"]);
    writeFileSync(join(web, "key.pem"), readFileSync(join(place.directory, "key.pem")), { mode: 0o600 });
    await place.ok("pin certs/web certs/greeter");
    const credentials = await loadCredentials(web, { watch: false });
    expect(String(credentials.current().svid.id)).toBe("spiffe://local.test/web");
  });

  it("a key.pem in the directory that is not its key is in the way, and goes only with --force", async () => {
    const place = await furnishedWorkplace();
    makeGreedyRequest(place);
    const { code, stderr } = await place.run("issue spiffe://local.test/cli --ca ca --out certs/cli --csr greedy.csr");
    expect([code, stderr]).toEqual([
      1,
      "certs-tool: error: certs/cli holds a key.pem that is not the key of the request\n" +
        "hint: choose another directory, or replace what is there with --force\n",
    ]);
    const forced = await place.ok("issue spiffe://local.test/cli --ca ca --out certs/cli --csr greedy.csr --force");
    expect(forced).toContain("\nreplaced a key.pem that is not the key of the request\n");
    expect(readdirSync(join(place.directory, "certs/cli")).sort()).toEqual(["bundle.pem", "cert.pem", "pins.json"]);
  });
});
