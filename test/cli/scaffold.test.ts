// pinwire scaffold: run as a command; its files compiled by the type checker.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { beforeAll, describe, expect, it } from "vitest";
import { built } from "../helpers/built.js";
import { buf, writeProtos } from "../helpers/proto-files.js";
import { tempDirectory } from "../helpers/temp-directory.js";
import { generateInto, installPackages } from "../helpers/zoo.js";

const root = resolve(import.meta.dirname, "../..");

const first = `syntax = "proto3";
package notes.v1;
service NotesService {
  rpc Read(Note) returns (Note);
  rpc Watch(Note) returns (stream Note);
}
message Note {}
`;

class Project {
  readonly directory = tempDirectory();

  constructor(proto = first) {
    this.proto(proto);
  }

  proto(text: string): void {
    writeProtos(this.directory, { "notes/v1/notes.proto": text });
  }

  run(...args: string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [built("src/cli/main.js"), "scaffold", ...args], {
      cwd: this.directory,
      encoding: "utf8",
      env: { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` },
    });
    expect(stderr).not.toMatch(/^ +at /m);
    return { status, stdout, stderr };
  }

  read(name = "src/notes.ts"): string {
    return readFileSync(join(this.directory, name), "utf8");
  }

  write(text: string, name = "src/notes.ts"): void {
    mkdirSync(join(this.directory, name, ".."), { recursive: true });
    writeFileSync(join(this.directory, name), text);
  }
}

const file = "proto/notes/v1/notes.proto";

describe("pinwire scaffold", { timeout: 60_000 }, () => {
  beforeAll(() => expect(readdirSync(join(root, "dist"))).toContain("built"));

  it("writes a file per service that compiles, and adds to it without touching what is there", () => {
    const project = new Project();
    expect(project.run(file)).toEqual({
      status: 0,
      stdout: "created src/notes.ts (notes.v1.NotesService)\n",
      stderr: "",
    });
    expect(project.read()).toBe(`import { RpcError, Status } from "pinwire";
import type { NotesImplementation } from "./gen/notes/v1/notes_pinwire.js";

// The handlers of notes.v1.NotesService, notes/v1/notes.proto.
// New methods are added below by \`pinwire scaffold\`; what is here is left as it is.
export const notesHandlers: NotesImplementation = {
  read(_request, _context) {
    throw new RpcError(Status.UNIMPLEMENTED, "notes.v1.NotesService/Read is not written yet");
  },
  // A stream of responses: async *watch(…) { yield … }
  watch(_request, _context) {
    throw new RpcError(Status.UNIMPLEMENTED, "notes.v1.NotesService/Watch is not written yet");
  },
};
`);
    expect(project.run(file).stdout).toBe("unchanged src/notes.ts (notes.v1.NotesService)\n");

    const mine = `#!/usr/bin/env node
// Mine.
import type { NotesImplementation } from "./gen/notes/v1/notes_pinwire.js";
const brace = "}";
export const notesHandlers: NotesImplementation = {
    read: (note) => note, // "}"
    async *watch(note) { if (brace) yield note }  // no comma
};
`;
    project.write(mine);
    chmodSync(join(project.directory, "src/notes.ts"), 0o755);
    project.proto(first.replace("  rpc Watch", "  rpc Erase(stream Note) returns (Note);\n  rpc Watch"));
    expect(project.run(file)).toEqual({
      status: 0,
      stdout: "updated src/notes.ts (notes.v1.NotesService): added erase\n",
      stderr: "",
    });
    expect(project.read()).toBe(
      mine
        .replace("import type", 'import { RpcError, Status } from "pinwire";\nimport type')
        .replace("yield note }  //", "yield note },  //")
        .replace(
          "comma\n}",
          `comma
    erase(_requests, _context) {
      throw new RpcError(Status.UNIMPLEMENTED, "notes.v1.NotesService/Erase is not written yet");
    },
}`,
        ),
    );
    expect(statSync(join(project.directory, "src/notes.ts")).mode & 0o777).toBe(0o755);

    installPackages(project.directory);
    generateInto(project.directory);
    const { compilerOptions } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8"));
    const options = { ...compilerOptions, rootDir: "src" };
    writeFileSync(join(project.directory, "package.json"), '{"type":"module"}');
    writeFileSync(
      join(project.directory, "tsconfig.json"),
      JSON.stringify({ compilerOptions: options, include: ["src"] }),
    );
    const { stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), [], { cwd: project.directory, encoding: "utf8" });
    expect(stdout).toBe("");
  });

  it("keeps line ends, a byte order mark and what is imported, and refuses a file it would spoil", () => {
    const project = new Project();
    project.run(file);
    const windows = `\ufeff${project.read().replaceAll("\n", "\r\n")}`;
    project.write(windows);
    project.proto(first.replace("  rpc Watch", "  rpc Erase(Note) returns (Note);\n  rpc Watch"));
    expect(project.run(file)).toMatchObject({ status: 0, stderr: "" });
    const added = `  erase(_request, _context) {
    throw new RpcError(Status.UNIMPLEMENTED, "notes.v1.NotesService/Erase is not written yet");
  },
};
`;
    expect(project.read()).toBe(windows.replace(/};\r\n$/, added.replaceAll("\n", "\r\n")));

    const path = join(project.directory, "src/notes.ts");
    const latin1 = Buffer.from(windows.replace("// New", "// Schöne"), "latin1");
    writeFileSync(path, latin1);
    expect(project.run(file)).toEqual({
      status: 9,
      stdout: "",
      stderr: `pinwire: error: src/notes.ts is not UTF-8
code: ERR_FILE_UNREADABLE (FAILED_PRECONDITION)
hint: save it as UTF-8
`,
    });
    expect(readFileSync(path).equals(latin1)).toBe(true);
    // One that has nothing to do with handlers is none of its business.
    writeFileSync(join(project.directory, "src/other.ts"), Buffer.from("// Schön", "latin1"));
    project.write(windows);
    expect(project.run(file)).toMatchObject({ status: 0, stderr: "" });
  });

  it("lets no name of a file in foreign descriptors become code", () => {
    const project = new Project();
    const name = "a\nglobalThis.pwned = 1;\u2028pwned = 2;.proto";
    const service = [{ name: "S", method: [{ name: "X", inputType: ".a.M", outputType: ".a.M" }] }];
    const foreign = (services: typeof service) => {
      const set = { file: [{ name, package: "a", syntax: "proto3", messageType: [{ name: "M" }], service: services }] };
      const bytes = toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, set));
      writeFileSync(join(project.directory, "foreign.binpb"), bytes);
    };
    foreign(service);
    expect(project.run("foreign.binpb")).toMatchObject({ status: 0 });
    expect(project.read("src/s.ts")).toContain(
      "\n// The handlers of a.S, a%0AglobalThis.pwned = 1;%E2%80%A8pwned = 2;.proto.\n",
    );
    expect(project.run("foreign.binpb").stdout).toBe("unchanged src/s.ts (a.S)\n");
    foreign([]);
    expect(project.run("foreign.binpb")).toMatchObject({
      status: 9,
      stderr: expect.stringContaining("handlers of a.S"),
    });
  });

  it("gives each service a file of its own, whatever their names", () => {
    const services = ["FooBar", "Foo_Bar", "FOOBar"].map((name) => `service ${name} { rpc Do(M) returns (M); }\n`);
    const project = new Project(`syntax = "proto3";\npackage a;\nmessage M {}\n${services.join("")}`);
    const files = ["foo-bar.ts (a.FooBar)", "a-foo-bar.ts (a.Foo_Bar)", "a-foo-bar-2.ts (a.FOOBar)"];
    for (const state of ["created", "unchanged"]) {
      expect(project.run(file).stdout).toBe(files.map((each) => `${state} src/${each}\n`).join(""));
    }
  });

  it("says which handlers and files have nothing in the schema any more, and leaves them", () => {
    const project = new Project(`${first}service OldService {\n  rpc Read(Note) returns (Note);\n}\n`);
    project.run(file);
    const [notes, old] = [project.read(), project.read("src/old.ts")];
    project.proto(first.replace("  rpc Read(Note) returns (Note);\n", ""));
    expect(project.run(file)).toEqual({
      status: 9,
      stdout: "unchanged src/notes.ts (notes.v1.NotesService)\n",
      stderr: `pinwire: error: the schema no longer has what some handlers are for
code: ERR_HANDLER_OBSOLETE (FAILED_PRECONDITION)
detail: src/notes.ts:7:3: read() handles a method that notes.v1.NotesService no longer has
detail: src/old.ts:4:1: these are the handlers of notes.v1.OldService, which notes/v1/notes.proto no longer has
hint: remove them, or put the methods back
`,
    });
    expect([project.read(), project.read("src/old.ts")]).toEqual([notes, old]);
    const { services, obsolete } = JSON.parse(project.run(file, "--json").stdout);
    expect(services).toEqual([
      { service: "notes.v1.NotesService", path: "src/notes.ts", state: "unchanged", added: [] },
    ]);
    expect(obsolete[0]).toEqual({
      file: "src/notes.ts",
      line: 7,
      column: 3,
      problem: "read() handles a method that notes.v1.NotesService no longer has",
    });
  });

  it("takes descriptors, directories and extensions of imports", () => {
    const project = new Project();
    spawnSync(buf, ["build", "--output", "schema.binpb"], { cwd: project.directory });
    const args = ["--out", "lib/handlers", "--gen", "lib/gen", "--import-extension", "ts", "schema.binpb"];
    expect(project.run(...args)).toMatchObject({ status: 0, stderr: "" });
    expect(project.read("lib/handlers/notes.ts")).toContain('from "../gen/notes/v1/notes_pinwire.ts";');
  });

  it("does not add to what it cannot see: handlers that are spread, or not there", () => {
    const project = new Project();
    const spread = "const notes: NotesImplementation = { ...others };\n";
    project.write(spread);
    expect(project.run(file)).toMatchObject({ status: 0, stdout: expect.stringMatching(/^unchanged/) });
    expect(project.read()).toBe(spread);

    project.write("export class Notes {}\n");
    expect(project.run(file)).toEqual({
      status: 9,
      stdout: "",
      stderr: `pinwire: error: src/notes.ts has no object of the type NotesImplementation, so nothing can be added to it
code: ERR_HANDLERS_NOT_FOUND (FAILED_PRECONDITION)
hint: write "const …: NotesImplementation = {…}" there, or use another directory: --out DIR
`,
    });
    project.write("// The handlers of other.v1.NotesService, other.proto.\n");
    expect(project.run(file)).toMatchObject({ status: 9, stderr: expect.stringContaining("ERR_FILE_EXISTS") });
  });

  it("says with file and line what is wrong with a schema", () => {
    const project = new Project('syntax = "proto3";\nservice X {\n  rpc Y(Z) returns (Z);\n}\n');
    expect(project.run(file)).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/notes\.proto:3:9:cannot find `Z` in this scope(.|\n)*code: ERR_PROTO_INVALID/),
    });
    expect(project.run("proto/none.proto")).toMatchObject({
      status: 9,
      stderr: expect.stringContaining("ERR_FILE_MISSING"),
    });

    project.proto(
      first
        .replace("package", 'import "google/protobuf/empty.proto";\npackage')
        .replace("Read(Note)", "Read(google.protobuf.Empty)"),
    );
    spawnSync(buf, ["build", "--exclude-imports", "--output", "lacking.binpb"], { cwd: project.directory });
    expect(project.run("lacking.binpb")).toMatchObject({
      status: 9,
      stderr: expect.stringContaining("imports google/protobuf/empty.proto, which the descriptors do not hold"),
    });
    project.write("not descriptors", "broken.binpb");
    expect(project.run("broken.binpb")).toMatchObject({
      status: 9,
      stderr: expect.stringContaining("ERR_FILE_MALFORMED"),
    });
  });

  it("says how to install buf, and what it takes", () => {
    const project = new Project();
    const bin = join(project.directory, "bin");
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, "node"));
    const { status, stderr } = spawnSync(process.execPath, [built("src/cli/main.js"), "scaffold", file], {
      cwd: project.directory,
      encoding: "utf8",
      env: { PATH: bin },
    });
    expect({ status, stderr }).toMatchObject({
      status: 9,
      stderr: expect.stringMatching(/code: ERR_TOOL_MISSING.*\nhint: npm install --save-dev @bufbuild\/buf/),
    });
    expect(project.run()).toMatchObject({ status: 64 });
    expect(project.run(file, "--import-extension", "mjs")).toMatchObject({
      status: 64,
      stderr: expect.stringContaining("--import-extension is js, ts or none"),
    });
    expect(project.run(file, "--out", "src/handlers.ts")).toMatchObject({
      status: 64,
      stderr: expect.stringContaining("--out src/handlers.ts is a file\nhint: name the directory: --out src;"),
    });
    expect(project.run("--help").stdout).toMatch(/^Examples:\n/);
  });
});
