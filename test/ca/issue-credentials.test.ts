import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type IssueCredentialsOptions, issueCredentials } from "../../src/ca/issue-credentials.js";
import type { LocalCa } from "../../src/ca/local-ca.js";
import { openLocalCa } from "../../src/ca/open-local-ca.js";
import { withUmask } from "../helpers/as-user.js";
import { localCa } from "../helpers/local-ca.js";
import { tempDirectory } from "../helpers/temp-directory.js";

const cli = "spiffe://local.test/cli";
const start = Date.parse("2026-03-01T12:00:00Z");
const hour = 3_600_000;

/** A CA whose clock the test sets, and a directory with a leaf of it. */
async function issued(options: IssueCredentialsOptions = {}) {
  const clock = { nowMs: start };
  const ca = await localCa({ now: () => clock.nowMs });
  const out = join(tempDirectory(), "certs", "cli");
  const first = await issueCredentials(ca, cli, out, options);
  const again = (more: IssueCredentialsOptions = {}, id = cli) => issueCredentials(ca, id, out, more);
  return { clock, ca, out, first, again, text: (name: string) => readFileSync(join(out, name), "utf8") };
}

function texts(directory: string): Record<string, string> {
  const names = readdirSync(directory).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name), "utf8")]));
}

describe("issueCredentials into an empty place", () => {
  it("writes key, certificate and bundle with their modes under umask 0", async () => {
    const { out, first, ca } = await withUmask(0, () => issued());
    expect(first).toMatchObject({ outcome: "issued", keyIsNew: true, hasPins: false, replaced: [] });
    const modes = readdirSync(out).map((name) => [name, (statSync(join(out, name)).mode & 0o777).toString(8)]);
    expect(Object.fromEntries(modes)).toEqual({ "bundle.pem": "644", "cert.pem": "644", "key.pem": "600" });
    expect((statSync(out).mode & 0o777).toString(8)).toBe("700");
    expect(readFileSync(join(out, "bundle.pem"), "utf8")).toBe(ca.bundle.toPem());
  });

  it("leaves no directory behind when the request is refused", async () => {
    const ca = await localCa();
    const out = join(tempDirectory(), "certs");
    await expect(issueCredentials(ca, "spiffe://other.test/cli", out)).rejects.toMatchObject({
      code: "ERR_WRONG_TRUST_DOMAIN",
    });
    expect(existsSync(out)).toBe(false);
  });
});

describe("issueCredentials over the same identity", () => {
  it("changes nothing while more than a third of its life is left", async () => {
    const { out, again, clock, ca } = await issued();
    const before = texts(out);
    // The life is 24 hours and 5 minutes.
    clock.nowMs = start + 15.9 * hour;
    expect(await again()).toMatchObject({ outcome: "unchanged", keyIsNew: false });
    expect(texts(out)).toEqual(before);
    expect(await ca.issued()).toHaveLength(1);
  });

  it.each([16.1, 25, 24 * 365])("renews after %d hours and keeps the key", async (hours) => {
    const { first, again, clock, text } = await issued();
    const key = text("key.pem");
    clock.nowMs = start + hours * hour;
    const second = await again();
    expect(second).toMatchObject({ outcome: "renewed", keyIsNew: false, replaced: [] });
    expect(second.svid.pin.equals(first.svid.pin)).toBe(true);
    expect(second.svid.leaf.serialNumber).not.toBe(first.svid.leaf.serialNumber);
    expect(text("key.pem")).toBe(key);
    expect(text("cert.pem")).toBe(second.svid.certPem);
  });

  it("renews at once and keeps the key with force", async () => {
    const { first, again } = await issued();
    const second = await again({ force: true });
    expect(second).toMatchObject({ outcome: "renewed", keyIsNew: false });
    expect(second.svid.pin.equals(first.svid.pin)).toBe(true);
  });

  it("makes a new key when it is asked to", async () => {
    const { first, again, text } = await issued();
    const second = await again({ newKey: true });
    expect(second).toMatchObject({ outcome: "renewed", keyIsNew: true });
    expect(second.svid.pin.equals(first.svid.pin)).toBe(false);
    expect(text("key.pem")).toBe(second.svid.keyPem);
  });

  it("keeps the DNS names unless others are asked for", async () => {
    const { again, clock } = await issued({ dnsNames: ["localhost"] });
    const names = (svid: Awaited<ReturnType<typeof again>>["svid"]) => svid.leaf.subjectAltNames?.length;
    expect((await again()).outcome).toBe("unchanged");
    clock.nowMs += 20 * hour;
    const renewed = await again();
    expect([renewed.outcome, names(renewed.svid)]).toEqual(["renewed", 2]);
    const without = await again({ dnsNames: [] });
    expect([without.outcome, names(without.svid)]).toEqual(["renewed", 1]);
  });

  it("takes the key that an interrupted issue left", async () => {
    const { out, first, again } = await issued();
    rmSync(join(out, "cert.pem"));
    const second = await again();
    expect(second).toMatchObject({ outcome: "issued", keyIsNew: false });
    expect(second.svid.pin.equals(first.svid.pin)).toBe(true);
  });

  it("leaves the pins alone and says whether there are any", async () => {
    const { out, again } = await issued();
    writeFileSync(join(out, "pins.json"), "mine");
    expect(await again({ force: true })).toMatchObject({ hasPins: true });
    expect(readFileSync(join(out, "pins.json"), "utf8")).toBe("mine");
  });

  it("keeps a bundle that trusts another CA beside this one, as while CAs are exchanged", async () => {
    const { out, ca, again } = await issued();
    const both = (await localCa()).bundle.toPem() + ca.bundle.toPem();
    writeFileSync(join(out, "bundle.pem"), both);
    expect((await again()).outcome).toBe("unchanged");
    await again({ force: true });
    expect(readFileSync(join(out, "bundle.pem"), "utf8")).toBe(both);
  });
});

it("issueCredentials moves to a new CA without force, and keeps the key, once the bundle trusts it", async () => {
  const { out, ca, first } = await issued();
  const nextCa = await localCa({ now: ca.now });
  await expect(issueCredentials(nextCa, cli, out)).rejects.toMatchObject({ code: "ERR_FILE_EXISTS" });
  writeFileSync(join(out, "bundle.pem"), ca.bundle.toPem() + nextCa.bundle.toPem());
  const second = await issueCredentials(nextCa, cli, out);
  expect(second).toMatchObject({ outcome: "renewed", keyIsNew: false });
  expect(second.svid.pin.equals(first.svid.pin)).toBe(true);
  expect(second.svid.leaf.issuer).toEqual(nextCa.bundle.authorities[0]?.subject);
});

describe("issueCredentials over something else", () => {
  type Setup = Awaited<ReturnType<typeof issued>> & { other: LocalCa };
  const cases: readonly (readonly [what: string, change: (setup: Setup) => unknown, id: string, keepsKey: boolean])[] =
    [
      ["the identity spiffe://local.test/cli", () => {}, "spiffe://local.test/web", false],
      [
        "a cert.pem that cannot be used (PEM: a block that is cut off)",
        ({ out }) => truncateSync(join(out, "cert.pem"), 300),
        cli,
        false,
      ],
      [
        "a cert.pem that cannot be used (it contains no certificate)",
        ({ out }) => truncateSync(join(out, "cert.pem")),
        cli,
        false,
      ],
      [
        "a key.pem that cannot be used (PEM: a block that is cut off)",
        ({ out }) => truncateSync(join(out, "key.pem"), 100),
        cli,
        false,
      ],
      [
        "a bundle.pem that cannot be used (PEM: a block that is cut off)",
        ({ out }) => truncateSync(join(out, "bundle.pem"), 300),
        cli,
        true,
      ],
      [
        "a bundle.pem without the certificate of this CA",
        ({ out, other }) => copyFileSync(join(other.directory, "ca.pem"), join(out, "bundle.pem")),
        cli,
        true,
      ],
      [
        "a key.pem that is not the key of cert.pem",
        async ({ out, other }) => writeFileSync(join(out, "key.pem"), (await other.issue(cli)).keyPem),
        cli,
        false,
      ],
    ];

  it.each(cases)("refuses to replace %s", async (what, change, id) => {
    const setup = { ...(await issued()), other: await localCa() };
    await change(setup);
    const before = texts(setup.out);
    await expect(setup.again({}, id)).rejects.toMatchObject({
      code: "ERR_FILE_EXISTS",
      problem: `${setup.out} holds ${what}`,
      hint: "choose another directory, or replace what is there with --force",
    });
    expect(texts(setup.out)).toEqual(before);
    expect(await setup.ca.issued()).toHaveLength(1);
  });

  it.each(cases)("replaces %s with force, and says so", async (what, change, id, keepsKey) => {
    const setup = { ...(await issued()), other: await localCa() };
    await change(setup);
    const report = await setup.again({ force: true }, id);
    expect(report).toMatchObject({ outcome: "replaced", keyIsNew: !keepsKey, replaced: [what] });
    expect(report.svid.pin.equals(setup.first.svid.pin)).toBe(keepsKey);
    expect((await setup.again({}, id)).outcome).toBe("unchanged");
  });

  it("names everything that is in the way", async () => {
    const { out, again } = await issued();
    truncateSync(join(out, "key.pem"), 100);
    truncateSync(join(out, "bundle.pem"), 100);
    await expect(again()).rejects.toMatchObject({
      problem: `${out} holds a key.pem that cannot be used (PEM: a block that is cut off), and a bundle.pem that cannot be used (PEM: a block that is cut off)`,
    });
  });
});

it("issues one leaf when several ask for the same at once", async () => {
  const ca = await localCa();
  const out = join(tempDirectory(), "cli");
  const cas = await Promise.all(Array.from({ length: 4 }, () => openLocalCa(ca.directory)));
  const reports = await Promise.all(cas.map((each) => issueCredentials(each, cli, out)));
  expect(reports.map(({ outcome }) => outcome).sort()).toEqual(["issued", "unchanged", "unchanged", "unchanged"]);
  expect(new Set(reports.map(({ svid }) => svid.certPem)).size).toBe(1);
});
