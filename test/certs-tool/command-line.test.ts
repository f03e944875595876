import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { furnishedWorkplace, workplace } from "../helpers/certs-tool.js";

const commands = ["init", "issue", "pin", "verify", "inspect", "list"];

const errorLines = (stderr: string) => {
  const lines = stderr.split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^certs-tool: error: ./);
  expect(lines[1]).toMatch(/^hint: ./);
  expect(lines[2]).toBe("");
  for (const line of lines.slice(0, 2)) expect(line).not.toMatch(/\.$/);
  return { problem: lines[0]?.slice("certs-tool: error: ".length), hint: lines[1]?.slice("hint: ".length) };
};

describe("certs-tool --help", () => {
  it.each(["--help", "-h", "help"])("%s shows examples first and lists the commands", async (word) => {
    const stdout = await workplace().ok(word);
    expect(stdout).toMatch(/^Examples:\n/);
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} +\\w`, "m"));
  });

  it.each(commands)("%s --help shows examples first, then usage, options and what has to be known", async (command) => {
    const stdout = await workplace().ok(`${command} --help`);
    expect(stdout).toMatch(new RegExp(`^Examples:\\n  # .+\\n  .*certs-tool ${command} `));
    expect(stdout).toContain(`\nUsage: certs-tool ${command} `);
    expect(stdout).toMatch(/\n {2}--json +/);
    expect(stdout).toMatch(/\n {2}--help +/);
  });

  it.each(commands)("the first example of %s --help works as it is printed", async (command) => {
    const place = await furnishedWorkplace();
    const help = await place.ok(`${command} --help`);
    const example = /\n {2}certs-tool (.+)\n/.exec(help)?.[1] ?? "";
    expect((await place.run(example)).code).toBe(0);
  });

  it("--version prints the version", async () => {
    expect(await workplace().ok("--version")).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("a command line that is not understood", () => {
  it.each([
    ["", "no command given"],
    ["frobnicate", 'unknown command "frobnicate"'],
    ["--frobnicate", 'unknown command "--frobnicate"'],
    ["init", "--ca DIR is missing"],
    ["init --ca ca", "--trust-domain NAME is missing"],
    ["init --ca ca --trust-domain local.test extra", 'unexpected argument "extra"'],
    [
      "init --ca ca --trust-domain Local.Test",
      expect.stringContaining('"Local.Test" is not the name of a trust domain'),
    ],
    ["init --ca ca --trust-domain local.test --dns *.local", '"*.local" is not a DNS name'],
    ["init --ca", "--ca needs a value: --ca DIR"],
    ["init --ca= --trust-domain local.test", "--ca needs a value: --ca DIR"],
    ["init --ca --trust-domain local.test", "--ca needs a value: --ca DIR, not --trust-domain"],
    ["init --ca a --ca b --trust-domain local.test", "--ca is given twice"],
    ["init --ca a --trust-domain local.test --wat", "unknown option --wat"],
    ["init --ca a --trust-domain local.test -x", "unknown option -x"],
    ["init --ca a --trust-domain local.test --json=yes", "--json takes no value"],
    ["init --ca a --trust-domain local.test --__proto__", "unknown option --__proto__"],
    ["issue --ca ca --out x", "SPIFFE_ID is missing"],
    ["issue spiffe://local.test/x --out x", "--ca DIR is missing"],
    ["issue spiffe://local.test/x --ca ca", "--out DIR is missing"],
    ["issue local.test/x --ca ca --out x", expect.stringContaining('"local.test/x" is not a SPIFFE ID')],
    [
      "issue spiffe://local.test --ca ca --out x",
      expect.stringContaining("spiffe://local.test names the trust domain"),
    ],
    ["issue spiffe://local.test/x --ca ca --out x --ttl 24", '--ttl "24" is not a duration'],
    ["issue spiffe://local.test/x --ca ca --out x --ttl -1h", "--ttl needs a value: --ttl TIME, not -1h"],
    ["issue spiffe://local.test/x --ca ca --out x --new-key --csr file", "--new-key and --csr exclude each other"],
    ["pin", "DIR is missing"],
    ["pin certs/cli", "DIR is missing"],
    ["inspect", "FILE|DIR is missing"],
    ["inspect a b", 'unexpected argument "b"'],
    ["verify", "DIR is missing"],
    ["list", "--ca DIR is missing"],
    ["list ca", 'unexpected argument "ca"'],
  ])("%j ends with exit code 2, its reason and a hint", async (line, problem) => {
    const place = workplace();
    const { code, stdout, stderr } = await place.run(line);
    expect([code, stdout]).toEqual([2, ""]);
    expect(errorLines(stderr).problem).toEqual(problem);
    expect(existsSync(join(place.directory, "ca"))).toBe(false);
  });

  it("names the whole line that is needed", async () => {
    const { stderr } = await workplace().run("issue spiffe://local.test/x");
    expect(errorLines(stderr).hint).toBe(
      "usage: certs-tool issue SPIFFE_ID --ca DIR --out DIR [--ttl 24h] [--dns NAME]… [--new-key | --csr FILE] [--force]; see certs-tool issue --help",
    );
  });
});

describe("output", () => {
  it.each([
    "init --ca ca --trust-domain local.test",
    "issue spiffe://local.test/cli --ca ca --out certs/cli",
    "pin certs/cli certs/greeter",
    "inspect certs/cli",
    "verify certs/cli",
    "list --ca ca",
    "--help",
    "issue --help",
  ])("%s --json is one JSON object on one line", async (line) => {
    const place = await furnishedWorkplace();
    const stdout = await place.ok(`${line} --json`);
    expect(stdout.split("\n")).toHaveLength(2);
    expect(JSON.parse(stdout)).toBeTypeOf("object");
  });

  it("shows control characters of a hostile name escaped, on one line", async () => {
    const place = workplace();
    const { code, stdout, stderr } = await place.run("verify \u001b[2Jx\nok\u009b");
    expect(code).toBe(1);
    for (const text of [stdout, errorLines(stderr).problem]) expect(text).toContain("\\u001b[2Jx\\u000aok\\u009b");
    expect(stdout).not.toContain("\u001b");
    expect(stdout).not.toContain("\u009b");
  });

  it("ends quietly when its reader does", async () => {
    const place = await furnishedWorkplace();
    const { stdout, stderr } = await place.run("inspect ca", { under: ["sh", "-c", '"$@" | true', "sh"] });
    expect([stdout, stderr]).toEqual(["", ""]);
  });
});
