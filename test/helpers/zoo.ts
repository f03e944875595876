import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll } from "vitest";
import { built } from "./built.js";
import { buf } from "./proto-files.js";

const root = resolve(import.meta.dirname, "../..");

/**
 * A project as a user has it: pinwire and protobuf in `node_modules`, the files of test/codegen/zoo in `proto`, pinwire's own
 * `.proto` taken from the package. It goes with the test file that asked for it.
 */
export function zooProject(): string {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), "pinwire-zoo-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  cpSync(join(root, "test/codegen/zoo"), join(directory, "proto"), { recursive: true });
  installPackages(directory);
  writeFileSync(join(directory, "package.json"), '{"type":"module"}');
  writeFileSync(join(directory, "buf.yaml"), bufYaml);
  return directory;
}

/** As docs/schema-policy.md has it. */
export const bufYaml = `version: v2
modules:
  - path: proto
  - path: node_modules/pinwire/proto
    includes:
      - node_modules/pinwire/proto/pinwire/policy
`;

/** Copies what the package has: buf does not follow links out of the directory. */
export function installPackages(directory: string): void {
  const packages = join(directory, "node_modules");
  mkdirSync(join(packages, "pinwire/dist"), { recursive: true });
  for (const each of ["package.json", "proto"]) {
    cpSync(join(root, each), join(packages, "pinwire", each), { recursive: true });
  }
  // What it imports is found beside the real files.
  symlinkSync(built("src"), join(packages, "pinwire/dist/src"));
  for (const each of ["@bufbuild", "@types"]) symlinkSync(join(root, "node_modules", each), join(packages, each));
}

/** Runs protoc-gen-es and protoc-gen-pinwire over a project; `src/gen`, or `out`, has what they wrote. */
export function generateInto(
  directory: string,
  { target = "ts", out = "src/gen", options = [] as readonly string[] } = {},
): void {
  const opt = [`target=${target}`, "import_extension=js", "map_imports=pinwire/policy/:pinwire/gen", ...options];
  const template = {
    version: "v2",
    inputs: [{ directory: "proto" }],
    plugins: [
      {
        strategy: "all",
        local: join(root, "node_modules/.bin/protoc-gen-es"),
        out,
        opt: [...opt, "erasable_syntax=true"],
      },
      {
        strategy: "all",
        local: [process.execPath, built("src/codegen/protoc-gen-pinwire.js")],
        out,
        opt,
      },
    ],
  };
  execFileSync(buf, ["generate", "--template", JSON.stringify(template)], { cwd: directory, stdio: "pipe" });
}

/** The paths of what protoc-gen-pinwire wrote, below `src/gen`. */
export function generatedFiles(directory: string): string[] {
  const all = readdirSync(join(directory, "src/gen"), { recursive: true, encoding: "utf8" });
  return all.filter((name) => name.endsWith("_pinwire.ts")).sort();
}
