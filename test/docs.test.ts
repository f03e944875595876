// Why: documentation drifts. Codes and defaults are compared with the code both ways; links must lead somewhere.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { defaults } from "../src/defaults.js";
import { errorCodes } from "../src/errors.js";
import { statusName } from "../src/status.js";

const root = resolve(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const pages = ["README.md", "SECURITY.md", "CONTRIBUTING.md", "src/README.md", ...docs()];

describe("docs/errors.md", () => {
  const documented = new Map(
    [...read("docs/errors.md").matchAll(/^\| `(ERR_\w+)` \| `(\w+)` \| (.+?) \|/gm)].map(([, code, status, cause]) => [
      code,
      { status, cause },
    ]),
  );

  it("has every code once, and no other", () => {
    expect([...documented.keys()].sort()).toEqual(Object.keys(errorCodes).sort());
  });

  it("has the right status and a cause for each", () => {
    for (const [code, status] of Object.entries(errorCodes)) {
      expect(documented.get(code), code).toMatchObject({
        status: statusName(status),
        cause: expect.stringMatching(/\w/),
      });
    }
  });

  it("is complete about what src/ uses: no code is without a use", () => {
    const sources = sourceText();
    const unused = Object.keys(errorCodes).filter(
      (code) => !code.startsWith("ERR_RPC_") && !sources.includes(`"${code}"`),
    );
    expect(unused).toEqual([]);
  });
});

describe("docs/defaults.md", () => {
  const documented = new Map(
    [...read("docs/defaults.md").matchAll(/^\| `(\w+)` \| [^|]+ \| (\d+) \| (.+) \|$/gm)].map(([, name, value]) => [
      name,
      Number(value),
    ]),
  );

  it("has every default with its value, and no other", () => {
    expect(Object.fromEntries(documented)).toEqual(defaults);
  });
});

describe("links", () => {
  for (const page of pages) {
    it(`of ${page} lead somewhere`, () => {
      for (const [, target = ""] of read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        expect(existsSync(join(root, dirname(page), target)), `${page} -> ${target}`).toBe(true);
      }
    });

    it(`of ${page} to files in backticks lead somewhere`, () => {
      for (const [, target = ""] of read(page).matchAll(/`((?:src|test|docs|proto|bench|examples)\/[\w./-]+\.\w+)`/g)) {
        expect(existsSync(join(root, target)), `${page} -> ${target}`).toBe(true);
      }
    });
  }
});

function docs(): string[] {
  return readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
}

function sourceText(): string {
  return ["src", "certs-tool"]
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter(
        (entry) => entry.name.endsWith(".ts") && entry.name !== "errors.ts",
      ),
    )
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .join("\n");
}
