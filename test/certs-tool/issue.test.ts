import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withLock } from "../../src/files/lock-file.js";
import { type Workplace, workplace } from "../helpers/certs-tool.js";
import { has } from "../helpers/tools.js";

const issue = "issue spiffe://local.test/cli --ca ca --out certs/cli";
const modeOf = (...path: string[]) => (statSync(join(...path)).mode & 0o777).toString(8);

async function withCa(): Promise<Workplace> {
  const place = workplace();
  await place.ok("init --ca ca --trust-domain local.test");
  return place;
}

function files({ directory }: Workplace, ...path: string[]): Record<string, string> {
  const where = join(directory, ...path);
  return Object.fromEntries(readdirSync(where).map((name) => [name, readFileSync(join(where, name), "utf8")]));
}

describe("certs-tool issue", () => {
  it.each(["000", "777"])("writes an identity with private files under umask %s", async (umask) => {
    const place = await withCa();
    const stdout = await place.ok(issue, { umask });
    expect(stdout).toMatch(
      /^issued spiffe:\/\/local\.test\/cli in certs\/cli, valid until .+Z\npin sha256\/[\w+/]{43}=\nnext: certs-tool pin certs\/cli PEER_DIR\n$/,
    );
    const out = join(place.directory, "certs", "cli");
    expect(readdirSync(out).sort()).toEqual(["bundle.pem", "cert.pem", "key.pem"]);
    const modes = [modeOf(out), ...["key.pem", "cert.pem", "bundle.pem"].map((name) => modeOf(out, name))];
    expect(modes).toEqual(["700", "600", "644", "644"]);
    expect(modeOf(place.directory, "ca", "issued.jsonl")).toBe("600");
  });

  it("says so when it is there already, and changes nothing", async () => {
    const place = await withCa();
    await place.ok(issue);
    const before = [files(place, "certs", "cli"), files(place, "ca")];
    expect(await place.ok(issue)).toMatch(
      /^certs\/cli holds spiffe:\/\/local\.test\/cli already, valid until .+; nothing changed \(--force issues it anew\)\n$/,
    );
    expect([files(place, "certs", "cli"), files(place, "ca")]).toEqual(before);
  });

  it("renews with --force, keeps the key, and reports both in JSON", async () => {
    const place = await withCa();
    const first = JSON.parse(await place.ok(`${issue} --json`));
    const second = JSON.parse(await place.ok(`${issue} --force --json`));
    expect(first).toMatchObject({ outcome: "issued", keyIsNew: true, spiffeId: "spiffe://local.test/cli" });
    expect(second).toMatchObject({ outcome: "renewed", keyIsNew: false, pin: first.pin, replaced: [] });
    expect(second.serialNumber).not.toBe(first.serialNumber);
  });

  it.skipIf(!has("faketime"))("renews when less than a third of its life is left", async () => {
    const place = await withCa();
    await place.ok(`${issue} --ttl 3h`);
    const later = (by: string) => place.ok(`${issue} --json`, { under: ["faketime", "-f", by] });
    expect(JSON.parse(await later("+115m")).outcome).toBe("unchanged");
    expect(JSON.parse(await later("+125m"))).toMatchObject({ outcome: "renewed", keyIsNew: false });
  });

  it("makes a new key with --new-key and says that the peers must learn it", async () => {
    const place = await withCa();
    const { pin } = JSON.parse(await place.ok(`${issue} --json`));
    const stdout = await place.ok(`${issue} --new-key`);
    expect(stdout).toMatch(
      /\npin sha256\/.{44} is new: the peers refuse it until they have learnt it\nnext: certs-tool pin /,
    );
    expect(stdout).not.toContain(pin);
  });

  it("does not replace another identity without --force, and then says what it replaced", async () => {
    const place = await withCa();
    await place.ok(issue);
    const before = files(place, "certs", "cli");
    const other = "issue spiffe://local.test/web --ca ca --out certs/cli";
    expect(await place.run(other)).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "certs-tool: error: certs/cli holds the identity spiffe://local.test/cli\n" +
        "hint: choose another directory, or replace what is there with --force\n",
    });
    expect(files(place, "certs", "cli")).toEqual(before);
    expect(await place.ok(`${other} --force`)).toContain("\nreplaced the identity spiffe://local.test/cli\n");
    expect(files(place, "certs", "cli")["key.pem"]).not.toBe(before["key.pem"]);
  });

  it("does not replace a damaged file without --force", async () => {
    const place = await withCa();
    await place.ok(issue);
    truncateSync(join(place.directory, "certs", "cli", "key.pem"), 50);
    const { code, stderr } = await place.run(issue);
    expect([code, stderr]).toEqual([1, expect.stringContaining("certs/cli holds a key.pem that cannot be used")]);
    expect((await place.run(`${issue} --force`)).code).toBe(0);
  });

  it.each([
    [
      "spiffe://other.test/cli --ca ca",
      "spiffe://other.test/cli is not in the trust domain local.test of the CA in ca",
    ],
    ["spiffe://local.test/cli --ca ca --ttl 91d", "a certificate cannot live for 7862400 s"],
    ["spiffe://local.test/cli --ca ca --ttl 0s", "a certificate cannot live for 0 s"],
    ["spiffe://local.test/cli --ca none", "there is no CA in none"],
  ])("refuses %s", async (words, problem) => {
    const place = await withCa();
    const { code, stdout, stderr } = await place.run(`issue ${words} --out certs/cli`);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`certs-tool: error: ${problem}\nhint: `);
    expect(readdirSync(place.directory)).toEqual(["ca"]);
  });

  it.skipIf(!has("openssl"))("takes --ttl", async () => {
    const place = await withCa();
    await place.ok(`${issue} --ttl 90m`);
    const dates = execFileSync("openssl", [
      "x509",
      "-noout",
      "-dates",
      "-in",
      join(place.directory, "certs/cli/cert.pem"),
    ]);
    const [notBefore = 0, notAfter = 0] = String(dates)
      .trim()
      .split("\n")
      .map((line) => Date.parse(line.slice(line.indexOf("=") + 1)));
    expect(notAfter - notBefore).toBe((90 + 5) * 60_000);
  });

  it("issues to many at once, each recorded once", async () => {
    const place = await withCa();
    const names = ["a", "b", "c", "d", "e", "f"];
    const runs = await Promise.all(
      names.map((name) => place.run(`issue spiffe://local.test/${name} --ca ca --out certs/${name} --json`)),
    );
    expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual(names.map(() => [0, ""]));
    const { certificates } = JSON.parse(await place.ok("list --ca ca --json"));
    const serials = certificates.map((record: { serialNumber: string }) => record.serialNumber).sort();
    expect(serials).toEqual(runs.map(({ stdout }) => JSON.parse(stdout).serialNumber).sort());
  });

  it("issues one identity when two ask for the same at once", async () => {
    const place = await withCa();
    const runs = await Promise.all([1, 2].map(() => place.run(`${issue} --json`)));
    expect(runs.map(({ stdout }) => JSON.parse(stdout).outcome).sort()).toEqual(["issued", "unchanged"]);
    await place.ok("inspect certs/cli");
  });

  it("names the process that holds the CA when it does not let go", async () => {
    const place = await withCa();
    const run = await withLock(join(place.directory, "ca", "lock"), () => place.run(issue));
    expect([run.code, run.stdout]).toEqual([1, ""]);
    expect(run.stderr).toMatch(
      new RegExp(
        `^certs-tool: error: ca is in use by process ${process.pid}\\nhint: wait until it is done; .* rm ca/lock\\.`,
      ),
    );
    expect((await place.run(issue)).code).toBe(0);
  });

  it("finishes what an interrupted issue left, with the same key", async () => {
    const place = await withCa();
    const { pin } = JSON.parse(await place.ok(`${issue} --json`));
    rmSync(join(place.directory, "certs", "cli", "cert.pem"));
    expect(JSON.parse(await place.ok(`${issue} --json`))).toMatchObject({ outcome: "issued", keyIsNew: false, pin });
  });
});
