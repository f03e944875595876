import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { errorCodes } from "../../src/errors.js";

const root = resolve(import.meta.dirname, "../..");
const pinwire = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, "dist/src/cli/main.js"), ...args], { encoding: "utf8" });

describe("pinwire", () => {
  it("says its version", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(pinwire("--version")).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("helps with examples first", () => {
    expect(pinwire("--help")).toMatchObject({ status: 0, stdout: expect.stringMatching(/^examples:\n/), stderr: "" });
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

  it("says what is wrong, and exits with 1 or 2", () => {
    expect(pinwire("explain", "ERR_X")).toMatchObject({
      status: 1,
      stdout: "",
      stderr: 'pinwire: error: there is no code "ERR_X"\nhint: run pinwire explain for all of them\n',
    });
    for (const args of [[], ["dance"], ["explain", "A", "B"]]) {
      expect(pinwire(...args)).toMatchObject({
        status: 2,
        stdout: "",
        stderr: expect.stringContaining("hint: run pinwire --help"),
      });
    }
  });
});
