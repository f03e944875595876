import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { explainDifference, isAsExpected } from "../../scripts/explain-difference.js";
import type { LimboFile } from "../../scripts/limbo.js";
import { isRefusedByVerifyPeer, runCase } from "../../scripts/limbo-verifier.js";
import { differences } from "../../scripts/x509-differences.js";
import { sharedVectors } from "../helpers/shared.js";

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const document = readFileSync(root("docs/x509-differences.md"), "utf8");

/** AUTH-19: limbo's and bettertls' chains; every difference has a written reason. */
describe.each([
  ["limbo-core.json", "core", 207],
  ["limbo-bt-pathbuilding.json", "bettertls, path building", 81],
  ["limbo-bt-nc-sample500.json", "bettertls, name constraints, a sample", 500],
])("AUTH-19: %s", (name, set, count) => {
  const path = sharedVectors(`x509-limbo/${name}`);
  const title =
    path === undefined
      ? "skipped: ../shared/vectors is not there"
      : `all ${count} cases end as expected, or for a reason`;

  test.skipIf(path === undefined)(title, () => {
    const { testcases } = JSON.parse(readFileSync(path ?? "", "utf8")) as LimboFile;
    expect(testcases).toHaveLength(count);
    const results = testcases.map((testCase) => ({ testCase, outcome: runCase(testCase) }));
    const differing = results.filter(({ testCase, outcome }) => !isAsExpected(testCase, outcome));
    const explained = differing.map(({ testCase, outcome }) => ({
      testCase,
      why: explainDifference(testCase, outcome),
    }));
    expect(explained.filter(({ why }) => why === undefined).map(({ testCase }) => testCase.id)).toEqual([]);
    expect(testcases.filter((testCase) => !isRefusedByVerifyPeer(testCase)).map(({ id }) => id)).toEqual([]);
    expect(document).toContain(`| ${set} | ${count} | ${count - differing.length} |`);
    if (name === "limbo-core.json") expect(new Set(explained.map(({ why }) => why)).size).toBe(differences.length);
  });
});

describe("docs/x509-differences.md", () => {
  test.each(differences)("has the reason: $reason", ({ reason, cases }) => {
    expect(document).toContain(`- ${reason}\n`);
    for (const id of cases instanceof RegExp ? [cases.source] : cases) expect(document).toContain(`\`${id}\``);
  });

  test("has no other", () => {
    expect(document.match(/^- /gm)).toHaveLength(differences.length);
  });
});

const script = root("dist/scripts/conformance-x509.js");
const core = sharedVectors("x509-limbo/limbo-core.json");

describe.skipIf(core === undefined || !existsSync(script))("npm run conformance:x509", () => {
  const run = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });

  test("ends well when every difference has a reason", () => {
    const { status, stdout, stderr } = run(core ?? "");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("34 accepted that limbo refuses, 0 of them without a written reason");
    expect(stdout).toContain("207 refused by the whole verifyPeer");
  });

  test("ends badly, and names the case, when one has none", () => {
    const { testcases } = JSON.parse(readFileSync(core ?? "", "utf8")) as LimboFile;
    const good = testcases.find(({ id }) => id === "webpki::san::exact-dns-san");
    const directory = mkdtempSync(join(tmpdir(), "pinwire-limbo-"));
    const file = join(directory, "limbo.json");
    writeFileSync(file, JSON.stringify({ version: 1, testcases: [{ ...good, expected_result: "FAILURE" }] }));
    const { status, stdout } = run(file);
    rmSync(directory, { recursive: true });
    expect(status).toBe(1);
    expect(stdout).toContain("webpki::san::exact-dns-san: accepts what limbo refuses\n    NO WRITTEN REASON");
  });

  test("ends with 2 when there is no such file", () => {
    expect(run("/nowhere/limbo.json")).toMatchObject({ status: 2 });
    expect(run()).toMatchObject({ status: 2, stderr: expect.stringContaining("usage: npm run conformance:x509") });
  });
});
