// Why: the layers of src/README.md hold only as long as nobody takes a short cut. This reads every import and compares it
// with the table. It would miss a module name that is computed at run time; there is none.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");

/** What the files of a folder may reach, apart from their own folder. `base` is the files directly in src/. */
const allowed: Record<string, readonly string[]> = {
  base: [],
  files: ["base"],
  "command-line": [],
  x509: [],
  identity: ["base", "x509"],
  credentials: ["base", "files", "x509", "identity"],
  ca: ["base", "files", "x509", "identity", "credentials"],
  transport: ["base", "files", "identity", "credentials"],
  rpc: ["base", "identity", "transport", "gen"],
  interceptors: ["base", "files", "identity", "transport", "rpc", "gen"],
  tokens: ["base", "files", "identity", "credentials", "transport", "rpc", "interceptors"],
  audit: ["base", "files", "transport", "rpc", "interceptors"],
  server: ["base", "identity", "credentials", "transport", "rpc", "interceptors", "tokens", "audit", "gen"],
  client: ["base", "identity", "credentials", "transport", "rpc", "interceptors", "tokens"],
  codegen: ["base", "files", "rpc", "gen"],
  testing: ["base", "x509", "identity", "credentials", "ca", "server", "client"],
  cli: [
    "base",
    "command-line",
    "files",
    "identity",
    "credentials",
    "rpc",
    "client",
    "interceptors",
    "tokens",
    "audit",
    "codegen",
    "gen",
  ],
  gen: [],
};

/** The files in src/ itself that are doors to the outside, not foundations: nobody in src/ imports them. */
const doors: Record<string, readonly string[]> = {
  "index.ts": [
    "base",
    "identity",
    "credentials",
    "transport",
    "rpc",
    "interceptors",
    "tokens",
    "audit",
    "server",
    "client",
  ],
  "identity.ts": ["identity", "credentials", "x509"],
  "ca.ts": ["ca"],
  "testing.ts": ["base", "testing", "client", "credentials"],
  "error-details.ts": ["base", "rpc", "gen"],
  "audit.ts": ["audit"],
  "health.ts": ["gen"],
  "reflection.ts": ["gen"],
  "load-credentials.ts": ["credentials"],
  "tokens.ts": ["tokens"],
};

/** Each package has one door. */
const packageDoors: Record<string, RegExp> = {
  "node-forge": /^x509\//,
  "@grpc/grpc-js": /^rpc\/h2\//,
  pino: /^interceptors\/pino-logger\.ts$/,
  // Errors say of what type a detail is, and no more: the test below.
  "@bufbuild/protobuf": /^(errors\.ts|error-detail\.ts|(rpc|client|server|interceptors|gen|codegen|cli|audit)\/)/,
  "@bufbuild/protoplugin": /^codegen\//,
  "@bufbuild/protovalidate": /^interceptors\//,
  "@opentelemetry/api": /^interceptors\/(open-telemetry\/|load-open-telemetry\.ts$)/,
  jose: /^tokens\//,
};

describe("the layers of src/", () => {
  const files = sourceFiles(join(root, "src"));

  it("has files to look at", () => expect(files.length).toBeGreaterThan(50));

  for (const file of files) {
    const path = relative(join(root, "src"), file);
    it(`${path} imports only what it may`, () => {
      for (const specifier of importsOf(file)) {
        if (specifier.startsWith(".")) expect(mayReach(path, file, specifier), `${path} -> ${specifier}`).toBe(true);
        else expect(mayUsePackage(path, specifier), `${path} -> ${specifier}`).toBe(true);
      }
    });
  }
});

describe("the table", () => {
  const used = new Set<string>();
  for (const file of sourceFiles(join(root, "src"))) {
    const path = relative(join(root, "src"), file);
    const from = path in doors ? path : folderOf(path);
    for (const specifier of importsOf(file)) {
      if (specifier.startsWith(".")) used.add(`${from} -> ${folderOf(targetOf(file, specifier))}`);
    }
  }

  it("allows nothing that is not used", () => {
    const entries = Object.entries({ ...allowed, ...doors });
    const unused = entries.flatMap(([from, targets]) => targets.map((to) => `${from} -> ${to}`));
    expect(unused.filter((entry) => !used.has(entry))).toEqual([]);
  });
});

describe("what everything imports", () => {
  for (const file of ["errors.ts", "error-detail.ts"]) {
    it(`${file} takes only types from protobuf`, () => {
      const text = readFileSync(join(root, "src", file), "utf8");
      expect(text).not.toMatch(/^import (?!type ).*"@bufbuild/m);
    });
  }
});

describe("certs-tool/", () => {
  const reachable = ["base", "files", "command-line", "ca", "identity", "credentials", "tokens"];
  for (const file of sourceFiles(join(root, "certs-tool"))) {
    it(`${relative(root, file)} is thin`, () => {
      for (const specifier of importsOf(file)) {
        if (specifier.startsWith("node:")) continue;
        const target = resolve(dirname(file), specifier);
        if (target.startsWith(join(root, "certs-tool"))) continue;
        expect(reachable, `${relative(root, file)} -> ${specifier}`).toContain(
          folderOf(relative(join(root, "src"), target)),
        );
      }
    });
  }
});

function mayReach(path: string, file: string, specifier: string): boolean {
  const target = targetOf(file, specifier);
  if (target in doors) return path === "index.ts";
  const from = folderOf(path);
  const to = folderOf(target);
  if (path in doors) return doors[path]?.includes(to) ?? false;
  return from === to || (allowed[from]?.includes(to) ?? false);
}

function targetOf(file: string, specifier: string): string {
  return relative(join(root, "src"), resolve(dirname(file), specifier)).replace(/\.js$/, ".ts");
}

function mayUsePackage(path: string, specifier: string): boolean {
  if (specifier.startsWith("node:")) return true;
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  return packageDoors[name]?.test(path) ?? false;
}

function folderOf(path: string): string {
  const [first = "", ...rest] = path.split("/");
  return rest.length === 0 ? "base" : first;
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/(?:\bfrom |\bimport |(?<!\.)\bimport\()"([^"]+)"/g)].map(([, specifier = ""]) => specifier);
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name));
}
