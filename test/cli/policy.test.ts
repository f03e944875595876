import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { built } from "../helpers/built.js";
import { tempDirectory } from "../helpers/temp-directory.js";

const root = resolve(import.meta.dirname, "../..");
const pinwire = (...args: string[]) =>
  spawnSync(process.execPath, [built("src/cli/main.js"), "policy", ...args], { encoding: "utf8", cwd: root });

const cli = "spiffe://local.test/cli";
const policy = {
  name: "p",
  allow_rules: [
    { name: "tools", source: { principals: [cli] }, request: { paths: ["/notes.v1.Notes/*"] } },
    { name: "acme", request: { paths: ["/notes.v1.Notes/Read"], headers: [{ key: "x-tenant", values: ["acme"] }] } },
  ],
  deny_rules: [{ name: "no-erase", request: { paths: ["*/Erase"] } }],
  shadow_deny_rules: [{ name: "read-only", request: { paths: ["*/Write"] } }],
};

function file(content: object | string, name = "policy.json"): string {
  const path = join(tempDirectory(), name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

describe("pinwire policy explain", () => {
  const ask = (peer: string, method: string, ...more: string[]) =>
    pinwire("explain", "--policy", file(policy), "--peer", peer, "--method", `/notes.v1.Notes/${method}`, ...more);

  it("says that a call is allowed, and by which rule", () => {
    expect(ask(cli, "Read")).toMatchObject({
      status: 0,
      stdout: `allowed  ${cli}  /notes.v1.Notes/Read\nbecause  file: allow_rules[0] "tools"\n`,
      stderr: "",
    });
  });

  it("says that it is denied, and exits with PERMISSION_DENIED", () => {
    expect(ask(cli, "Erase")).toMatchObject({
      status: 7,
      stdout: `denied   ${cli}  /notes.v1.Notes/Erase\nbecause  file: deny_rules[0] "no-erase"\n`,
    });
    expect(ask("spiffe://local.test/gui", "Read")).toMatchObject({
      status: 7,
      stdout: expect.stringMatching(/because {2}no rule allows it\nnote {5}the file alone was asked; /),
    });
  });

  it("takes headers into account", () => {
    expect(ask("spiffe://local.test/gui", "Read", "--header", "x-tenant=acme", "--header", "other=1")).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/because {2}file: allow_rules\[1\] "acme"\n$/),
    });
  });

  it("says what the shadow rules would change", () => {
    expect(ask(cli, "Write")).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/shadow {3}would be denied by file: shadow_deny_rules\[0\] "read-only"\n$/),
    });
  });

  it("speaks to programs", () => {
    const { status, stdout } = ask(cli, "Write", "--json");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      peer: cli,
      method: "/notes.v1.Notes/Write",
      allowed: true,
      because: "rule",
      reason: 'file: allow_rules[0] "tools"',
      rule: { source: "file", effect: "allow", name: "tools", place: "allow_rules[0]" },
      shadow: {
        allowed: false,
        rule: { source: "file", effect: "deny", name: "read-only", place: "shadow_deny_rules[0]" },
      },
    });
  });

  it("says what is wrong with its arguments and the file", () => {
    const broken = file('{"name": "p", "allow_rules": [{"name": "r", "request": {"paths": ["Read"]}}]}');
    expect(pinwire("explain", "--policy", broken, "--peer", cli, "--method", "/a.B/C")).toMatchObject({
      status: 9,
      stdout: "",
      stderr: `pinwire: error: ${broken}:1:67: allow_rules[0].request.paths[0]: "Read" does not begin with a slash\ncode: ERR_POLICY_INVALID (FAILED_PRECONDITION)\nhint: write "/package.Service/Method", "/package.Service/*", "*/Method" or "*"\n`,
    });
    expect(ask("cli", "Read")).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/code: ERR_INVALID_SPIFFE_ID/),
    });
    expect(ask(cli, "Read", "--header", "x")).toMatchObject({
      status: 64,
      stderr: expect.stringMatching(/--header x has no "="/),
    });
    expect(pinwire("explain", "--policy", "no.json", "--peer", cli, "--method", "/a.B/C")).toMatchObject({
      status: 9,
      stderr: expect.stringMatching(/code: ERR_FILE_MISSING/),
    });
    expect(pinwire("explain")).toMatchObject({ status: 64, stderr: expect.stringMatching(/--policy FILE is missing/) });
    expect(pinwire()).toMatchObject({
      status: 64,
      stderr: expect.stringMatching(/the commands are policy explain, policy test;/),
    });
  });
});

describe("pinwire policy test", () => {
  const good = { peer: cli, method: "/notes.v1.Notes/Read", expect: "allow" };
  const test = (cases: object | string, ...more: string[]) =>
    pinwire("test", "--policy", file(policy), file(cases, "cases.json"), ...more);

  it("is content when all is as expected", () => {
    const cases = [
      { ...good, rule: "tools" },
      { peer: cli, method: "/notes.v1.Notes/Erase", expect: "deny", rule: "no-erase" },
      {
        peer: "spiffe://local.test/gui",
        method: "/notes.v1.Notes/Read",
        headers: { "x-tenant": "acme" },
        expect: "allow",
      },
      { peer: cli, method: "/notes.v1.Notes/Write", expect: "allow", shadow: "deny" },
    ];
    expect(test(cases)).toMatchObject({
      status: 0,
      stdout: [
        "ok      allow  spiffe://local.test/cli  /notes.v1.Notes/Read",
        "ok      deny   spiffe://local.test/cli  /notes.v1.Notes/Erase",
        "ok      allow  spiffe://local.test/gui  /notes.v1.Notes/Read",
        "ok      allow  spiffe://local.test/cli  /notes.v1.Notes/Write",
        "all 4 as expected",
        "",
      ].join("\n"),
      stderr: "",
    });
  });

  it("says what is not as expected, and why", () => {
    const cases = [
      good,
      { ...good, expect: "deny" },
      { peer: cli, method: "/other.Service/Read", expect: "allow" },
      { ...good, rule: "acme" },
      { ...good, shadow: "deny" },
      { peer: cli, method: "/notes.v1.Notes/Write", expect: "allow", shadow: "allow" },
    ];
    const { status, stdout } = test(cases);
    expect(status).toBe(1);
    expect(stdout.split("\n").filter((line) => line.startsWith("        "))).toEqual([
      '        it is allowed: file: allow_rules[0] "tools"',
      "        it is denied: no rule allows it",
      '        another rule decides: file: allow_rules[0] "tools"',
      "        with the shadow rules it would be allowed: no shadow rule changes it",
      '        with the shadow rules it would be denied: file: shadow_deny_rules[0] "read-only"',
    ]);
    expect(stdout).toMatch(/\n5 of 6 not as expected\n$/);
    const json = JSON.parse(test(cases, "--json").stdout);
    expect(json).toMatchObject({ ok: false, cases: 6, failed: 5 });
    expect(json.results.map(({ ok }: { ok: boolean }) => ok)).toEqual([true, false, false, false, false, false]);
  });

  const bad: [what: string, cases: object | string, problem: string][] = [
    ["no case", [], "the file: is empty"],
    ["no list", { cases: [] }, "the file: is not a list"],
    ["an unknown field", [{ ...good, expected: "deny" }], '[0]: unknown field "expected"'],
    ["no expectation", [{ peer: cli, method: "/a.B/C" }], '[0]: has no "expect"'],
    ["another expectation", [{ ...good, expect: "yes" }], '[0].expect: is neither "allow" nor "deny"'],
    [
      "a peer that is none",
      [{ ...good, peer: "cli" }],
      "[0].peer: is not a SPIFFE ID: it does not start with spiffe://",
    ],
    ["a method without a slash", [{ ...good, method: "Read" }], "[0].method: does not begin with a slash"],
    [
      "a header that cannot travel",
      [{ ...good, headers: { "grpc-x": "1" } }],
      '[0].headers.grpc-x: metadata key "grpc-x" is reserved',
    ],
    ["no JSON", "peer: x", "it is not JSON"],
  ];
  for (const [what, cases, problem] of bad) {
    it(`refuses ${what}`, () => {
      const { status, stdout, stderr } = test(cases);
      expect([status, stdout]).toEqual([9, ""]);
      expect(stderr).toContain(problem);
      expect(stderr).toMatch(/cases\.json:\d+:\d+: /);
    });
  }
});
