import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { workplace } from "../helpers/certs-tool.js";

const modeOf = (...path: string[]) => (statSync(join(...path)).mode & 0o777).toString(8);

describe("certs-tool init", () => {
  it.each(["000", "022", "077", "777"])("creates a CA with private files under umask %s", async (umask) => {
    const { directory, ok } = workplace();
    const stdout = await ok("init --ca deep/ca --trust-domain local.test", { umask });
    expect(stdout).toMatch(
      /^created the CA of local\.test in deep\/ca, valid until 20\d\d-.+Z\nnext: certs-tool issue spiffe:\/\/local\.test\/NAME --ca deep\/ca --out certs\/NAME\n$/,
    );
    const ca = join(directory, "deep", "ca");
    expect(readdirSync(ca).sort()).toEqual(["ca.key", "ca.pem"]);
    expect([modeOf(ca, ".."), modeOf(ca), modeOf(ca, "ca.key"), modeOf(ca, "ca.pem")]).toEqual([
      "700",
      "700",
      "600",
      "644",
    ]);
  });

  it("says so when it is there already, and changes nothing", async () => {
    const { directory, ok } = workplace();
    await ok("init --ca ca --trust-domain local.test");
    const files = () => ["ca.key", "ca.pem"].map((file) => readFileSync(join(directory, "ca", file), "utf8"));
    const before = files();
    expect(await ok("init --ca ca --trust-domain local.test")).toMatch(
      /^the CA of local\.test is in ca already, valid until .+; nothing changed\n$/,
    );
    expect(files()).toEqual(before);
    expect(JSON.parse(await ok("init --ca ca --trust-domain local.test --json"))).toMatchObject({
      created: false,
      directory: "ca",
      trustDomain: "local.test",
      dnsNames: ["localhost"],
    });
  });

  it("refuses another trust domain", async () => {
    const { ok, run } = workplace();
    await ok("init --ca ca --trust-domain local.test");
    expect(await run("init --ca ca --trust-domain other.test")).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "certs-tool: error: the CA in ca is for the trust domain local.test, not other.test\n" +
        "hint: choose another directory for the CA of other.test\n",
    });
  });

  it("widens what the CA may sign with --dns, which issue then takes", async () => {
    const { ok, run } = workplace();
    await ok("init --ca ca --trust-domain local.test --dns app.internal --dns b.internal");
    await ok("issue spiffe://local.test/a --ca ca --out a --dns localhost --dns x.app.internal");
    const { code, stderr } = await run("issue spiffe://local.test/b --ca ca --out b --dns example.com");
    expect(code).toBe(1);
    expect(stderr).toBe(
      "certs-tool: error: the CA in ca may not sign the DNS name example.com, only localhost, app.internal, b.internal\n" +
        "hint: leave it out, or create a CA that may: certs-tool init --ca NEW_DIR --trust-domain local.test --dns example.com\n",
    );
  });

  it("encrypts the key with PINWIRE_CA_PASSPHRASE, and never prints it", async () => {
    const { directory, ok, run } = workplace();
    const env = { PINWIRE_CA_PASSPHRASE: "correct-horse-battery" };
    const outputs = [await ok("init --ca ca --trust-domain local.test", { env })];
    expect(readFileSync(join(directory, "ca", "ca.key"), "utf8")).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
    const issue = "issue spiffe://local.test/cli --ca ca --out cli";
    const without = await run(issue);
    expect(without).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "certs-tool: error: ca/ca.key is encrypted\n" +
        "hint: set the environment variable PINWIRE_CA_PASSPHRASE, or the option passphrase\n",
    });
    const wrong = await run(issue, { env: { PINWIRE_CA_PASSPHRASE: "wrong-horse" } });
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("ca/ca.key cannot be decrypted")]);
    outputs.push(wrong.stderr, await ok(issue, { env }));
    // Not needed to see what was issued.
    outputs.push(await ok("list --ca ca"));
    expect(outputs.join("")).not.toContain("horse");
  });

  it("refuses a directory that others can look into, and one with a file in its way", async () => {
    const { directory, run } = workplace();
    mkdirSync(join(directory, "open"), { mode: 0o755 });
    expect((await run("init --ca open --trust-domain local.test")).stderr).toBe(
      "certs-tool: error: directory open is open to other users (mode 0755)\nhint: run: chmod 700 open\n",
    );
    writeFileSync(join(directory, "file"), "");
    const { code, stderr } = await run("init --ca file --trust-domain local.test");
    expect([code, stderr]).toEqual([
      1,
      "certs-tool: error: file is not a directory\nhint: name the directory itself\n",
    ]);
  });

  it("makes one CA when several start at once", async () => {
    const { run } = workplace();
    const runs = await Promise.all(
      Array.from({ length: 5 }, () => run("init --ca ca --trust-domain local.test --json")),
    );
    expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual(Array(5).fill([0, ""]));
    expect(runs.filter(({ stdout }) => JSON.parse(stdout).created)).toHaveLength(1);
  });
});
