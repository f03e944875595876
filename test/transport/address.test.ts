import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { parseAddress } from "../../src/transport/address.js";
import { thrown } from "../helpers/thrown.js";

describe("parseAddress", () => {
  it("reads a path", () => {
    expect(parseAddress("unix:/run/user/1000/app/app.sock")).toEqual({
      kind: "unix",
      path: "/run/user/1000/app/app.sock",
      text: "unix:/run/user/1000/app/app.sock",
    });
  });

  it("reads a pipe name", () => {
    expect(parseAddress("npipe:my-company.App_1")).toEqual({
      kind: "npipe",
      name: "my-company.App_1",
      path: "\\\\.\\pipe\\my-company.App_1",
      text: "npipe:my-company.App_1",
    });
  });

  it("takes a path of 103 bytes and refuses one of 104, counting bytes and not characters", () => {
    const longest = `/${"a".repeat(100)}é`;
    expect(Buffer.byteLength(longest)).toBe(103);
    expect(parseAddress(`unix:${longest}`)).toMatchObject({ path: longest });
    expect(thrown(ConfigError, () => parseAddress(`unix:${longest}b`))).toMatchObject({
      code: "ERR_PATH_TOO_LONG",
      message:
        `the socket path ${longest}b has 104 bytes, at most 103 are possible - ` +
        "choose a directory with a shorter path",
    });
  });

  it("takes a pipe name of 200 characters and refuses one of 201", () => {
    expect(parseAddress(`npipe:${"a".repeat(200)}`)).toMatchObject({ name: "a".repeat(200) });
    expect(thrown(ConfigError, () => parseAddress(`npipe:${"a".repeat(201)}`))).toMatchObject({
      code: "ERR_PATH_TOO_LONG",
      hint: "choose a shorter name",
    });
  });

  const pipeHint =
    "use letters, digits, '.', '-' and '_', with a letter or digit at both ends, for example npipe:my-app";
  it.each([
    ["npipe:"],
    ["npipe:a\\b"],
    ["npipe:\\\\.\\pipe\\a"],
    ["npipe:a/b"],
    ["npipe:.."],
    ["npipe:a."],
    ["npipe:a "],
    ["npipe:ä"],
    ["npipe:a\0"],
  ])("refuses the pipe name in %j", (text) => {
    expect(thrown(ConfigError, () => parseAddress(text))).toMatchObject({
      code: "ERR_INVALID_ADDRESS",
      message: `the address ${JSON.stringify(text)} is not a pipe name - ${pipeHint}`,
    });
  });

  it.each([
    ["/run/app.sock", "has no scheme", "write unix:/run/app.sock"],
    ["\\\\.\\pipe\\app", "has no scheme", "write npipe:app"],
    ["tcp:127.0.0.1:80", "is not an address of this machine", "write unix:/absolute/path, or npipe:name on Windows"],
    ["UNIX:/run/app.sock", "is not an address of this machine", "write unix:/absolute/path, or npipe:name on Windows"],
    ["", "is not an address of this machine", "write unix:/absolute/path, or npipe:name on Windows"],
    ["unix:/tmp/a\nb", "contains the control character 0x0a", "leave it out"],
    ["unix:/tmp/\ud800", "is not valid Unicode", "correct the path"],
  ])("refuses %j", (text, fault, hint) => {
    expect(thrown(ConfigError, () => parseAddress(text))).toMatchObject({
      code: "ERR_INVALID_ADDRESS",
      problem: `the address ${JSON.stringify(text)} ${fault}`,
      hint,
    });
  });

  it("gives an address or a ConfigError for any text, and only ever the text itself as its spelling", () => {
    const anything = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("/", ".", "a", "..", "%2f") }).map((path) => `unix:${path}`),
      fc.string().map((name) => `npipe:${name}`),
    );
    fc.assert(
      fc.property(anything, (text) => {
        try {
          const address = parseAddress(text);
          expect(address.text).toBe(text);
          if (address.kind === "unix") expect(address.text).toBe(`unix:${address.path}`);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
