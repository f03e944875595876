import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { errorCodes } from "../../src/errors.js";

const root = resolve(import.meta.dirname, "../..");
const pinwire = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, "dist/src/cli/main.js"), ...args], { encoding: "utf8" });

describe("pinwire", { timeout: 60_000 }, () => {
  it("says its version", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(pinwire("--version")).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("helps with examples first", () => {
    expect(pinwire("--help")).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Examples:\n/), stderr: "" });
  });

  it("explains a code, in any case, for people and for programs", () => {
    const { status, stdout } = pinwire("explain", "err_not_pinned");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ERR_NOT_PINNED\nstatus {2}UNAUTHENTICATED\ncause {3}.+\nfix {5}.+certs-tool pin\n$/);
    expect(JSON.parse(pinwire("explain", "ERR_NOT_PINNED", "--json").stdout)).toMatchObject({ code: "ERR_NOT_PINNED" });
  });

  it("lists every code", () => {
    const listed = JSON.parse(pinwire("explain", "--json").stdout).map(({ code }: { code: string }) => code);
    expect(listed.sort()).toEqual(Object.keys(errorCodes).sort());
  });

  it("says what is wrong, and exits with a status of gRPC or 64", () => {
    expect(pinwire("explain", "ERR_X")).toMatchObject({
      status: 5,
      stdout: "",
      stderr: 'pinwire: error: there is no code "ERR_X"\nhint: run pinwire explain for all of them\n',
    });
    expect(pinwire("explain", "A", "B")).toMatchObject({
      status: 64,
      stdout: "",
      stderr:
        'pinwire: error: unexpected argument "B"\nhint: usage: pinwire explain [CODE] [--json]; see pinwire explain --help\n',
    });
    for (const args of [[], ["dance"]]) {
      expect(pinwire(...args)).toMatchObject({
        status: 64,
        stdout: "",
        stderr: expect.stringMatching(/^hint: the commands are .*explain.*; see pinwire --help$/m),
      });
    }
  });

  it("guesses what was meant", () => {
    const guesses: [string[], string][] = [
      [["explain", "ERR_NOT_PINED"], "did you mean ERR_NOT_PINNED"],
      [["scafold", "x.proto"], "did you mean pinwire scaffold? the commands are new, "],
      [["audit", "shwo"], "did you mean pinwire audit show? the commands are audit verify, "],
      [["list", "--prot", "x"], "did you mean --proto? usage: pinwire list "],
    ];
    for (const [args, hint] of guesses) expect(pinwire(...args).stderr).toContain(`hint: ${hint}`);
    expect(pinwire("audit").stderr).toContain("hint: the commands are audit verify, ");
    expect(pinwire("call").stderr).toContain("TARGET and SERVICE/METHOD are needed");
    expect(pinwire("explain", "not_pinned").stdout).toMatch(/^ERR_NOT_PINNED\n/);
  });

  it("says it to programs too", () => {
    const { status, stdout, stderr } = pinwire("explain", "ERR_X", "--json");
    expect({ status, stdout }).toEqual({ status: 5, stdout: "" });
    expect(JSON.parse(stderr)).toEqual({
      error: { problem: 'there is no code "ERR_X"', hint: "run pinwire explain for all of them" },
    });
  });

  it("helps with each command, examples first", () => {
    const { stdout } = pinwire("--help");
    const names = [...(stdout.split("Commands:\n")[1] ?? "").matchAll(/^ {2}(\S+(?: \S+)?) {2}/gm)].map(
      ([, name = ""]) => name,
    );
    expect(names).toContain("explain");
    for (const name of names) {
      expect(pinwire(...name.split(" "), "--help")).toMatchObject({
        status: 0,
        stderr: "",
        stdout: expect.stringMatching(/^Examples:\n/),
      });
    }
  });
});
