// The generator on schemas that are wrong, and the program that buf runs.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { clone, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { generate as generateFor } from "../../src/codegen/plugin.js";
import { ConfigError } from "../../src/errors.js";
import { built } from "../helpers/built.js";
import { buf, requestFor, writeProtos } from "../helpers/proto-files.js";
import { tempDirectory } from "../helpers/temp-directory.js";
import { thrown } from "../helpers/thrown.js";

const root = resolve(import.meta.dirname, "../..");
const policy = 'import "pinwire/policy/v1/policy.proto";';

/** A service with one method, after the given lines. */
function proto(...lines: readonly string[]): string {
  return ['syntax = "proto3";', "package notes.v1;", ...lines, "message Note {}", ""].join("\n");
}

const compiled = new Map<string, CodeGeneratorRequest>();

/** Compiled once per source; each test has a copy to break. */
function requestOf(source: string, parameter = "target=ts"): CodeGeneratorRequest {
  let request = compiled.get(source);
  if (request === undefined) {
    const directory = tempDirectory();
    writeProtos(directory, { "notes/v1/notes.proto": source });
    request = requestFor(directory, ["notes/v1/notes.proto"], "");
    compiled.set(source, request);
  }
  return { ...clone(CodeGeneratorRequestSchema, request), parameter };
}

const generate = (request: CodeGeneratorRequest) => generateFor(request, "v0");

const plain = proto("service NotesService {", "  rpc Read(Note) returns (Note);", "}");

describe("a schema that is wrong", () => {
  const cases: Record<string, { source: string; parameter?: string; code: string; problem: string }> = {
    "says nothing about who may call": {
      source: plain,
      parameter: "target=ts,require_policy=true",
      code: "ERR_SCHEMA_POLICY",
      problem:
        "notes/v1/notes.proto:4:3: notes.v1.NotesService/Read says nothing about who may call it: neither roles nor required_scopes, on it or its service",
    },
    "has a policy on a service without methods": {
      source: proto(policy, "service NotesService {", '  option (pinwire.policy.v1.service) = {roles: "user"};', "}"),
      code: "ERR_SCHEMA_POLICY",
      problem: "notes/v1/notes.proto:5:10: a policy on notes.v1.NotesService, which has no methods, protects nothing",
    },
    "has a role with bad syntax on a method": {
      source: proto(
        policy,
        "service NotesService {",
        "  rpc Read(Note) returns (Note) {",
        '    option (pinwire.policy.v1.method).roles = "Some Body";',
        "  }",
        "}",
      ),
      code: "ERR_SCHEMA_POLICY",
      problem:
        'notes/v1/notes.proto:6:5: notes.v1.NotesService/Read: roles holds "Some Body", which is not a valid name',
    },
    "has a role with bad syntax on a service, whose methods have policies of their own": {
      source: proto(
        policy,
        "service NotesService {",
        '  option (pinwire.policy.v1.service) = {roles: "Some Body"};',
        "  rpc Read(Note) returns (Note) {",
        "    option (pinwire.policy.v1.method).max_request_bytes = 5;",
        "  }",
        "}",
      ),
      code: "ERR_SCHEMA_POLICY",
      problem:
        'notes/v1/notes.proto:5:10: notes.v1.NotesService/Read: roles holds "Some Body", which is not a valid name',
    },
    "has methods that are one in TypeScript": {
      source: proto(
        "service NotesService {",
        "  rpc Read(Note) returns (Note);",
        "  rpc read(Note) returns (Note);",
        "}",
      ),
      code: "ERR_PROTO_INVALID",
      problem: "notes/v1/notes.proto:5:3: notes.v1.NotesService/read is read in TypeScript, as is Read",
    },
  };
  for (const [name, { source, parameter, code, problem }] of Object.entries(cases)) {
    it(`${name}: said with file, line and column`, () => {
      expect(thrown(ConfigError, () => generate(requestOf(source, parameter)))).toMatchObject({
        name: "ConfigError",
        code,
        problem,
      });
    });
  }

  it("has several mistakes: all are said at once", () => {
    const source = proto(
      "service NotesService {",
      "  rpc A(Note) returns (Note);",
      "  rpc B(Note) returns (Note);",
      "}",
    );
    const { problem } = thrown(ConfigError, () => generate(requestOf(source, "require_policy=true")));
    expect(problem.split("\n").map((line) => line.split(" ")[0])).toEqual([
      "notes/v1/notes.proto:4:3:",
      "notes/v1/notes.proto:5:3:",
    ]);
  });

  it("lacks an import", () => {
    const request = requestOf(proto(policy, "service NotesService {", "  rpc Read(Note) returns (Note);", "}"));
    request.protoFile = request.protoFile.filter(({ name }) => name !== "pinwire/policy/v1/policy.proto");
    expect(thrown(ConfigError, () => generate(request))).toMatchObject({
      code: "ERR_SCHEMA_INCOMPLETE",
      problem: "notes/v1/notes.proto:3:1: imports pinwire/policy/v1/policy.proto, which the descriptors do not hold",
    });
  });

  it("is without positions: the file is named alone", () => {
    const request = requestOf(plain, "require_policy=true");
    for (const file of request.protoFile) delete file.sourceCodeInfo;
    const { problem } = thrown(ConfigError, () => generate(request));
    expect(problem).toMatch(/^notes\/v1\/notes\.proto: notes\.v1\.NotesService\/Read says nothing/);
  });
});

describe("options", () => {
  it("that do not exist are refused, with those that do", () => {
    expect(thrown(Error, () => generate(requestOf(plain, "target=ts,requires_policy=true")))).toMatchObject({
      message:
        'invalid option "requires_policy=true": there is no option "requires_policy"; known are require_policy, target, import_extension, js_import_style, map_imports, rewrite_imports, ts_nocheck, elide_plugin_version, keep_empty_files',
    });
    expect(thrown(Error, () => generate(requestOf(plain, "require_policy=yes")))).toMatchObject({
      message: 'invalid option "require_policy=yes": require_policy is true or false',
    });
    expect(thrown(Error, () => generate(requestOf(plain, "require_policy=true,require_policy=false")))).toMatchObject({
      message: 'invalid option "require_policy=true,require_policy=false": require_policy is given twice',
    });
  });

  it("choose the files and the extension of imports", () => {
    const names = (parameter: string) => generate(requestOf(plain, parameter)).file.map(({ name }) => name);
    expect(names("target=ts")).toEqual(["notes/v1/notes_pinwire.ts"]);
    expect(names("")).toEqual(["notes/v1/notes_pinwire.js", "notes/v1/notes_pinwire.d.ts"]);
    const imports = (parameter: string) =>
      /from "(\.\/notes_pb.*)"/.exec(generate(requestOf(plain, parameter)).file[0]?.content ?? "");
    expect(imports("target=ts")?.[1]).toBe("./notes_pb");
    expect(imports("target=ts,import_extension=ts")?.[1]).toBe("./notes_pb.ts");
    expect(imports("target=js,import_extension=js")?.[1]).toBe("./notes_pb.js");
  });
});

describe("the output", () => {
  it("depends on the input alone, and carries its hash", () => {
    const content = (source: string) => generate(requestOf(source)).file[0]?.content ?? "";
    const hash = (source: string) => /SHA-256 ([0-9a-f]{64})$/m.exec(content(source))?.[1];
    expect(content(plain)).toBe(content(plain));
    expect(hash(plain)).toBe(hash(`// A comment moves lines.\n${plain}`));
    expect(hash(plain)).not.toBe(hash(plain.replace("Read(", "Get(")));
  });

  it("as JavaScript is what runs", async () => {
    const directory = tempDirectory();
    const [js] = generate(requestOf(plain, "target=js,import_extension=js")).file;
    const content = (js?.content ?? "").replaceAll(/^import .*$/gm, "");
    writeFileSync(join(directory, "notes.mjs"), content);
    const generated = await import(join(directory, "notes.mjs"));
    expect(Object.keys(generated).sort()).toEqual(["createNotesClient", "notesMethods", "registerNotes"]);
    expect(generated.notesMethods.read).toMatchObject({ name: "notes.v1.NotesService/Read", kind: "unary", roles: [] });
  });
});

describe("protoc-gen-pinwire", { timeout: 60_000 }, () => {
  const program = built("src/codegen/protoc-gen-pinwire.js");

  async function run(path: string, input: Uint8Array) {
    const child = spawn(process.execPath, [path], { stdio: "pipe" });
    child.stdin.on("error", () => {}).end(input);
    const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
    const [stdout, stderr, code] = await Promise.all([buffer(child.stdout), text(child.stderr), closed]);
    return { stdout, stderr, code };
  }

  it("answers a mistake in a .proto in the response, as plugin.proto wants it", async () => {
    const request = toBinary(CodeGeneratorRequestSchema, requestOf(plain, "require_policy=true"));
    const { stdout, stderr, code } = await run(program, request);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    const { error, file } = fromBinary(CodeGeneratorResponseSchema, stdout);
    expect(file).toEqual([]);
    expect(error.split("\n")).toEqual([
      "ERR_SCHEMA_POLICY",
      expect.stringMatching(/^notes\/v1\/notes\.proto:4:3: /),
      "hint: docs/schema-policy.md says what each option takes",
    ]);
  });

  it("is understood by buf, which shows the mistake", () => {
    const directory = tempDirectory();
    writeProtos(directory, { "notes/v1/notes.proto": plain });
    const plugin = { local: [process.execPath, program], out: "gen", opt: ["target=ts", "require_policy=true"] };
    const template = JSON.stringify({ version: "v2", plugins: [plugin] });
    const { status, stderr } = spawnSync(buf, ["generate", "--template", template, "--path", "proto/notes"], {
      cwd: directory,
      encoding: "utf8",
    });
    expect(status).toBe(1);
    expect(stderr).toContain("notes/v1/notes.proto:4:3: notes.v1.NotesService/Read says nothing about who may call it");
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it("says its version, and what it is for", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const result = (...args: string[]) =>
      spawnSync(process.execPath, [program, ...args], { encoding: "utf8", input: "" });
    expect(result("--version")).toMatchObject({ status: 0, stdout: `protoc-gen-pinwire v${version}\n` });
    expect(result("--help")).toMatchObject({
      status: 1,
      stderr:
        "protoc-gen-pinwire: error: buf runs this program\nhint: name it in buf.gen.yaml, as docs/codegen.md shows\n",
    });
  });

  it("says what to install when protoplugin is not there", async () => {
    const directory = tempDirectory();
    mkdirSync(join(directory, "node_modules/@bufbuild"), { recursive: true });
    symlinkSync(join(root, "node_modules/@bufbuild/protobuf"), join(directory, "node_modules/@bufbuild/protobuf"));
    cpSync(built("src"), join(directory, "dist/src"), { recursive: true });
    cpSync(join(root, "package.json"), join(directory, "package.json"));
    expect(await run(join(directory, "dist/src/codegen/protoc-gen-pinwire.js"), new Uint8Array())).toMatchObject({
      code: 1,
      stderr:
        "protoc-gen-pinwire: error: @bufbuild/protoplugin is not installed\nhint: npm install --save-dev @bufbuild/protoplugin\n",
    });
  });

  it("survives input that is no request", async () => {
    const { code, stderr } = await run(program, Buffer.from("not protobuf"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^protoc-gen-pinwire: error: what came on stdin is no request of a compiler\nhint: /);
  });
});
