import { chmodSync, copyFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { furnishedWorkplace } from "../helpers/certs-tool.js";
import { localCa } from "../helpers/local-ca.js";
import { has } from "../helpers/tools.js";

const checks = [
  "the directory is private",
  "key.pem is private",
  "cert.pem is there, and others cannot change it",
  "cert.pem is a valid leaf, and key.pem is its key",
  "bundle.pem holds certificates of CAs",
  "bundle.pem vouches for cert.pem",
  "pins.json pins at least one peer",
  "all pinned peers are in the trust domain",
];

describe("certs-tool verify", () => {
  it("says what it has checked, and who is accepted", async () => {
    const place = await furnishedWorkplace();
    const lines = (await place.ok("verify certs/cli")).split("\n");
    expect(lines.slice(0, checks.length)).toEqual(checks.map((name) => `ok      ${name}`));
    expect(lines[checks.length]).toMatch(
      /^spiffe:\/\/local\.test\/cli, valid until .+Z, accepts spiffe:\/\/local\.test\/greeter$/,
    );
    const json = JSON.parse(await place.ok("verify certs/cli --json"));
    expect(json).toMatchObject({
      ok: true,
      spiffeId: "spiffe://local.test/cli",
      peers: ["spiffe://local.test/greeter"],
    });
    expect(json.checks).toEqual(checks.map((name) => ({ name, ok: true })));
  });

  const faults: readonly (readonly [
    what: string,
    damage: (directory: string) => unknown,
    failed: number[],
    code: string,
    problem: string,
    hint: string,
  ])[] = [
    [
      "a key that others can read",
      (d) => chmodSync(join(d, "key.pem"), 0o644),
      [1],
      "ERR_FILE_NOT_PRIVATE",
      "is open to other users",
      "run: chmod 600 certs/cli/key.pem",
    ],
    ["no key", (d) => rmSync(join(d, "key.pem")), [1], "ERR_FILE_MISSING", "does not exist", "run: certs-tool issue"],
    [
      "an open directory",
      (d) => chmodSync(d, 0o777),
      [0],
      "ERR_DIRECTORY_NOT_PRIVATE",
      "is open",
      "run: chmod 700 certs/cli",
    ],
    [
      "a half-written certificate",
      (d) => truncateSync(join(d, "cert.pem"), 200),
      [3],
      "ERR_FILE_MALFORMED",
      "cut off",
      "issue",
    ],
    [
      "the key of another leaf",
      (d) => copyFileSync(join(d, "../greeter/key.pem"), join(d, "key.pem")),
      [3],
      "ERR_KEY_MISMATCH",
      "is not the key of",
      "issue",
    ],
    [
      "no bundle",
      (d) => rmSync(join(d, "bundle.pem")),
      [4],
      "ERR_FILE_MISSING",
      "does not exist",
      "run: certs-tool issue",
    ],
    [
      "no pins",
      (d) => rmSync(join(d, "pins.json")),
      [6],
      "ERR_FILE_MISSING",
      "does not exist",
      "run: certs-tool pin certs/cli PEER_DIR",
    ],
    [
      "empty pins",
      (d) => writeFileSync(join(d, "pins.json"), '{"version":1,"peers":{}}'),
      [6],
      "ERR_PINS_EMPTY",
      "pins no peer",
      "run: certs-tool pin",
    ],
    [
      "a pin of another trust domain",
      (d) => {
        const pins = { "spiffe://other.test/x": { current: `sha256/${"A".repeat(43)}=` } };
        writeFileSync(join(d, "pins.json"), JSON.stringify({ version: 1, peers: pins }));
      },
      [7],
      "ERR_WRONG_TRUST_DOMAIN",
      "pins spiffe://other.test/x",
      "remove it",
    ],
    [
      "the bundle of another CA",
      async (d) => copyFileSync(join((await localCa()).directory, "ca.pem"), join(d, "bundle.pem")),
      [5],
      "ERR_UNKNOWN_ISSUER",
      "would be refused by peers with the same bundle.pem",
      "issue it anew",
    ],
  ];

  it.each(faults)("finds %s", async (_, damage, failed, code, problem, hint) => {
    const place = await furnishedWorkplace();
    await damage(join(place.directory, "certs", "cli"));
    const text = await place.run("verify certs/cli");
    expect(text.code).toBe(1);
    expect(text.stderr).toMatch(/^certs-tool: error: certs\/cli is not usable: .+\nhint: .+\n$/);
    expect(text.stderr).toContain(problem);
    expect(text.stderr).toContain(`hint: ${hint}`);
    expect(text.stdout.split("\n").filter((line) => line.startsWith("failed"))).toHaveLength(failed.length);

    const { stdout, code: exitCode } = await place.run("verify certs/cli --json");
    expect(exitCode).toBe(1);
    const json = JSON.parse(stdout);
    expect(json.ok).toBe(false);
    const failures = json.checks.filter(({ ok }: { ok: boolean }) => !ok);
    expect(failures).toMatchObject(failed.map((index) => ({ name: checks[index], code })));
  });

  it("names several faults at once", async () => {
    const place = await furnishedWorkplace();
    chmodSync(join(place.directory, "certs/cli/key.pem"), 0o644);
    rmSync(join(place.directory, "certs/cli/pins.json"));
    const { stdout } = await place.run("verify certs/cli --json");
    const codes = JSON.parse(stdout).checks.flatMap(({ code }: { code?: string }) => code ?? []);
    expect(codes).toEqual(["ERR_FILE_NOT_PRIVATE", "ERR_FILE_MISSING"]);
  });

  it.skipIf(!has("faketime"))("finds a leaf that has expired", async () => {
    const place = await furnishedWorkplace();
    const { code, stderr } = await place.run("verify certs/cli", { under: ["faketime", "-f", "+25h"] });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/cert\.pem.*: it expired at .+\nhint: .*issue/)]);
  });
});
