// How long the generator takes, and whether twice the schema takes twice as long: 200 services with 2,000 methods, and double
// that, each in a project of its own. Not a test: on a busy machine every figure is larger.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const servicesPerFile = 10;
const methodsPerService = 10;
const plugin = resolve("dist/src/codegen/protoc-gen-pinwire.js");
// One run of each for the whole schema; buf's own choice is one per directory, and each costs a start of Node.js.
const strategy = "all";
const plugins = {
  "protoc-gen-pinwire": {
    strategy,
    local: [process.execPath, plugin],
    out: "gen",
    opt: ["target=ts", "import_extension=js"],
  },
  "protoc-gen-es": { strategy, local: resolve("node_modules/.bin/protoc-gen-es"), out: "gen", opt: ["target=ts"] },
};

console.log("services  methods  buf build  with protoc-gen-pinwire  with protoc-gen-es too");
for (const services of [200, 400]) measure(services);

function measure(services: number): void {
  const directory = mkdtempSync(join(tmpdir(), "pinwire-bench-codegen-"));
  try {
    writeProject(directory, services);
    const build = buf(directory, "build", "--output", "schema.binpb");
    const alone = generate(directory, ["protoc-gen-pinwire"]);
    const both = generate(directory, ["protoc-gen-es", "protoc-gen-pinwire"]);
    const columns = [`${services}`, `${services * methodsPerService}`, ...[build, alone, both].map(seconds)];
    console.log(columns.map((text, index) => text.padStart([8, 7, 9, 23, 22][index] ?? 0)).join("  "));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Seconds of the best of three runs: the least of what is not ours. */
function generate(directory: string, names: readonly (keyof typeof plugins)[]): number {
  const template = JSON.stringify({ version: "v2", plugins: names.map((name) => plugins[name]) });
  return Math.min(...[1, 2, 3].map(() => buf(directory, "generate", "--template", template)));
}

function buf(directory: string, ...args: string[]): number {
  const begin = performance.now();
  const { status, stderr } = spawnSync(resolve("node_modules/.bin/buf"), args, { cwd: directory, encoding: "utf8" });
  if (status !== 0) throw new Error(`buf ${args.join(" ")}: ${stderr}`);
  return (performance.now() - begin) / 1_000;
}

function seconds(value: number): string {
  return `${value.toFixed(2)} s`;
}

function writeProject(directory: string, services: number): void {
  writeFileSync(join(directory, "buf.yaml"), "version: v2\n");
  for (let file = 0; file < services / servicesPerFile; file++) {
    const folder = join(directory, `load/f${file}/v1`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "load.proto"), proto(file));
  }
}

function proto(file: number): string {
  const lines = ['syntax = "proto3";', `package load.f${file}.v1;`];
  for (let s = 0; s < servicesPerFile; s++) {
    lines.push(`// Service number ${s} of its file.`, `service Load${s}Service {`);
    for (let m = 0; m < methodsPerService; m++) {
      const response = m % 3 === 0 ? "stream " : "";
      lines.push(`  // Does what method number ${m} does, and says so here.`);
      lines.push(`  rpc Method${m}(Request${s}x${m}) returns (${response}Response${s}x${m});`);
    }
    lines.push("}");
    for (let m = 0; m < methodsPerService; m++) {
      lines.push(`message Request${s}x${m} { string name = 1; repeated int64 numbers = 2; bytes payload = 3; }`);
      lines.push(`message Response${s}x${m} { string text = 1 [debug_redact = true]; Request${s}x${m} request = 2; }`);
    }
  }
  return `${lines.join("\n")}\n`;
}
