import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it, onTestFinished } from "vitest";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { HealthService } from "../../src/health.js";
import { ReflectionService, ReflectionV1AlphaService } from "../../src/reflection.js";
import { CliWorld } from "../helpers/cli-world.js";
import { ExampleWorld } from "../helpers/example-processes.js";
import { greeter } from "../helpers/greeter-pair.js";
import { serverId } from "../helpers/identities.js";
import { Library, layOutLibrary, libraryDescriptors } from "../helpers/library.js";
import { pinwire } from "../helpers/pinwire.js";
import { hasPythonGrpc, python } from "../helpers/python.js";
import { tempDirectory } from "../helpers/temp-directory.js";

const greeterService = { service: GreeterService, implementation: greeter };

/** It serves one of the two services of its schema: the other one wants roles and tokens. */
function libraryServer() {
  const library = new Library(layOutLibrary(tempDirectory()));
  const service = library.service("OldLibraryService");
  const implementation = { lend: ({ until }: { until: { value: object } }) => ({ day: until.value }) };
  return CliWorld.start([{ service, implementation }], { reflection: true }, [ReflectionService]);
}

const libraryText = `// Lends books.
service library.v1.LibraryService {
  // Lends one book.
  // idempotency: idempotent
  // roles: reader
  // required scopes: lend
  // default timeout: 250 ms
  // max timeout: 5000 ms
  // rate limit: 5 a second, burst 10
  // max concurrent calls: 3
  // max request: 1024 bytes
  // max response: 2048 bytes
  // audit: all
  // redacted: library.v1.LendRequest.reader
  rpc Lend(library.v1.LendRequest) returns (library.v1.LendResponse);

  // roles: reader
  // max timeout: 5000 ms
  // redacted: library.v1.LendRequest.reader
  rpc Watch(stream library.v1.LendRequest) returns (stream library.v1.LendResponse);
}
`;

describe("pinwire list and describe", { timeout: 60_000 }, () => {
  it("show what .proto files say, with comments and the contract of each method", async () => {
    const proto = layOutLibrary(tempDirectory());
    const run = (...args: string[]) => pinwire([...args, "--proto", proto]);
    expect(await run("list")).toEqual({
      code: 0,
      stdout: "library.v1.LibraryService\nlibrary.v1.OldLibraryService\n",
      stderr: "",
    });
    expect((await run("list", "OldLibraryService")).stdout).toBe("library.v1.OldLibraryService/Lend\n");
    expect(JSON.parse((await run("list", "LibraryService", "--json")).stdout)).toEqual({
      service: "library.v1.LibraryService",
      methods: ["library.v1.LibraryService/Lend", "library.v1.LibraryService/Watch"],
    });
    expect(await run("describe", "LibraryService")).toEqual({ code: 0, stdout: libraryText, stderr: "" });
    expect((await run("describe", "LendRequest")).stdout).toBe(`message library.v1.LendRequest {
  // Which book.
  // Its number.
  string isbn = 1;
  // Who takes it.
  string reader = 2 [debug_redact = true];
  oneof until {
    google.protobuf.Timestamp day = 3;
    uint32 weeks = 4;
  }
  optional int64 fine = 5;
  repeated library.v1.Kind kinds = 6;
  map<string, library.v1.LendRequest.Shelf> shelves = 7;
  bytes stamp = 8 [deprecated = true];

  message library.v1.LendRequest.Shelf {
    int32 number = 1;
  }
}
`);
    expect((await run("describe", "library.v1.Kind")).stdout).toBe(
      "// What a book is about.\nenum library.v1.Kind {\n  KIND_UNSPECIFIED = 0;\n  // Of things that were.\n  KIND_HISTORY = 1;\n}\n",
    );
    expect((await run("describe", "pinwire.policy.v1.method")).stdout).toBe(
      "extend google.protobuf.MethodOptions {\n  pinwire.policy.v1.CallPolicy pinwire.policy.v1.method = 51873;\n}\n",
    );
    const method = await run("describe", "/library.v1.LibraryService/Lend");
    expect(method.stdout).toMatch(
      /^rpc Lend\(.*\n\nmessage library\.v1\.LendRequest \{\n(.*\n)+\nmessage library\.v1\.LendResponse/m,
    );
    const json = JSON.parse((await run("describe", "LibraryService/Lend", "--json")).stdout);
    expect(json).toMatchObject({
      kind: "method",
      input: "library.v1.LendRequest",
      contract: { name: "library.v1.LibraryService/Lend", roles: ["reader"], maxTimeoutMs: 5_000, audit: "all" },
    });
  });

  it("ask the server when there are no files, and so does call", async () => {
    const world = await libraryServer();
    expect(await world.run("list", [])).toMatchObject({
      code: 0,
      stdout: [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "library.v1.OldLibraryService\n",
      ].join("\n"),
      stderr: "",
    });
    const described = await world.run("describe", ["library.v1.LibraryService"]);
    expect(described.stdout).toBe(libraryText);
    expect(await world.run("call", ["OldLibraryService/Lend", '{"day":"2026-01-02T03:04:05Z"}'])).toEqual({
      code: 0,
      stdout: '{"day":"2026-01-02T03:04:05Z"}\n',
      stderr: "",
    });
  });

  it("ask by the name that reflection had first when the server does not know its present one", async () => {
    const world = await CliWorld.start([greeterService], { reflection: true }, [ReflectionV1AlphaService]);
    expect(await world.run("list", ["hello.v1.GreeterService"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^hello\.v1\.GreeterService\/SayHello\n/),
    });
  });

  it("say what to do when a server does not describe itself", async () => {
    const world = await CliWorld.start([greeterService]);
    for (const args of [
      ["list"],
      ["describe", "hello.v1.GreeterService"],
      ["call", "hello.v1.GreeterService/SayHello"],
    ]) {
      const [command = "", ...words] = args;
      expect(await world.run(command, words)).toMatchObject({
        code: 12,
        stdout: "",
        stderr: expect.stringMatching(/ERR_NO_REFLECTION .*\nhint: pass --proto DIR or --descriptor FILE/),
      });
    }
  });
});

describe("names", { timeout: 60_000 }, () => {
  it("that do not exist, or not only once, are answered with those that do", async () => {
    const proto = layOutLibrary(tempDirectory());
    const file = join(proto, "schema.binpb");
    writeFileSync(file, toBinary(FileDescriptorSetSchema, libraryDescriptors(proto)));
    for (const [args, code, problem, hint] of [
      [
        ["describe", "LibraryServce"],
        5,
        'nothing in the schema is named "LibraryServce"',
        "did you mean library.v1.LibraryService",
      ],
      [["describe", "LibraryService/Lent"], 5, 'has no method "Lent"', "did you mean Lend?"],
      [["list", "Qqqqqqq"], 5, 'there is no service "Qqqqqqq"', "pinwire list shows what there is"],
      [["describe", "method"], 0, "", ""],
      [["list", "a", "b"], 64, '"a" is not a target', "write unix:/absolute/path"],
      [["describe", ""], 64, "NAME is empty", "usage: pinwire describe"],
      [["describe"], 64, "NAME is missing", "usage: pinwire describe"],
    ] as const) {
      const { stderr, ...rest } = await pinwire([...args, "--descriptor", file]);
      expect(rest.code, `${args} ${stderr}`).toBe(code);
      expect(stderr).toContain(problem);
      expect(stderr).toContain(hint === "" ? "" : `hint: ${hint}`);
    }
    const twice = layOutLibrary(tempDirectory());
    mkdirSync(join(twice, "v2"));
    const text = readFileSync(join(twice, "library.proto"), "utf8").replace("library.v1", "library.v2");
    writeFileSync(join(twice, "v2/library.proto"), text);
    expect(await pinwire(["describe", "LibraryService", "--proto", twice])).toMatchObject({
      code: 3,
      stdout: "",
      stderr: [
        'pinwire: error: "LibraryService" may be library.v1.LibraryService or library.v2.LibraryService',
        "code: ERR_AMBIGUOUS_NAME (INVALID_ARGUMENT)",
        "hint: write the full name\n",
      ].join("\n"),
    });
  });
});

describe("schemas that are none", { timeout: 60_000 }, () => {
  it("are answered with file, line and reason", async () => {
    const proto = layOutLibrary(tempDirectory());
    const at = (name: string) => join(proto, name);
    writeFileSync(at("empty.binpb"), "");
    writeFileSync(at("text.binpb"), "not a descriptor");
    writeFileSync(
      at("lacking.binpb"),
      toBinary(FileDescriptorSetSchema, libraryDescriptors(proto, "--exclude-imports")),
    );
    for (const [args, code, ...texts] of [
      [["--descriptor", at("empty.binpb")], 9, "ERR_FILE_MALFORMED", "buf build -o schema.binpb"],
      [["--descriptor", at("text.binpb")], 9, "ERR_FILE_MALFORMED", "is not a FileDescriptorSet in binary form"],
      [["--descriptor", at("none.binpb")], 9, "ERR_FILE_MISSING", "none.binpb does not exist"],
      [["--descriptor", proto], 9, "ERR_FILE_UNREADABLE", "it is a directory"],
      [
        ["--descriptor", at("lacking.binpb")],
        9,
        "ERR_SCHEMA_INCOMPLETE",
        "library.proto:6:1: imports google/protobuf/any.proto",
        "--include_imports",
      ],
      [["--proto", at("none")], 9, "ERR_FILE_MISSING", "none does not exist"],
      [["--proto", at("library.proto")], 9, "ERR_FILE_MALFORMED", "is not a directory"],
      [[], 64, "there is no schema", "give a TARGET"],
    ] as const) {
      const { stderr, ...rest } = await pinwire(["list", ...args]);
      expect(rest, args.join(" ")).toEqual({ code, stdout: "" });
      for (const text of texts) expect(stderr).toContain(text);
    }
    const broken = tempDirectory();
    writeFileSync(join(broken, "broken.proto"), 'syntax = "proto3";\nmessage A {\n  strin name = 1;\n}\n');
    expect(await pinwire(["list", "--proto", broken])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/broken\.proto:3:3:.*strin.*\ncode: ERR_PROTO_INVALID/),
    });
  });

  it("or cannot be read because buf is not there", async () => {
    const empty = tempDirectory();
    const main = resolve(import.meta.dirname, "../../dist/src/cli/main.js");
    const child = spawn(process.execPath, [main, "list", "--proto", empty], { cwd: empty, env: { PATH: empty } });
    let stderr = "";
    child.stderr.on("data", (chunk) => (stderr += chunk));
    expect(await once(child, "close")).toEqual([9, null]);
    expect(stderr).toMatch(/ERR_TOOL_MISSING .*\nhint: npm install --save-dev @bufbuild\/buf/);
  });

  it("and never run a program that lies beside them", async () => {
    const proto = layOutLibrary(tempDirectory());
    const bin = join(proto, "node_modules/.bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "buf"), "#!/bin/sh\ntouch ran\n", { mode: 0o755 });
    expect(await pinwire(["list", "--proto", proto])).toMatchObject({ code: 0 });
  });
});

describe("pinwire health", { timeout: 60_000 }, () => {
  it("says whether a server serves, and exits accordingly", async () => {
    const world = await CliWorld.start([greeterService], {}, [HealthService]);
    expect(await world.run("health", [])).toEqual({ code: 0, stdout: "SERVING\n", stderr: "" });
    world.server.health.set(GreeterService, "NOT_SERVING");
    expect(await world.run("health", ["hello.v1.GreeterService", "--json"])).toEqual({
      code: 14,
      stdout: '{"service":"hello.v1.GreeterService","status":"NOT_SERVING"}\n',
      stderr: "",
    });
    expect(await world.run("health", ["no.Such"])).toMatchObject({ code: 5, stdout: "" });
    const deaf = await CliWorld.start([greeterService]);
    expect(await deaf.run("health", [])).toMatchObject({
      code: 7,
      stderr: expect.stringContaining("code: ERR_RPC_PERMISSION_DENIED"),
    });
  });

  it("watches each change, also over the time that a server gives one call, until it is stopped or the server is", async () => {
    const world = await CliWorld.start([greeterService], { maxTimeoutMs: 300 }, [HealthService]);
    const watch = world.begin("health", ["--watch"]);
    expect(await watch.lines(1)).toEqual(["SERVING"]);
    world.server.health.set("", "NOT_SERVING");
    expect(await watch.lines(2)).toEqual(["SERVING", "NOT_SERVING"]);
    world.server.health.set("", "SERVING");
    await watch.lines(3);
    watch.child.kill("SIGINT");
    expect(await watch.finished).toMatchObject({ code: 0, stderr: "" });
    const second = world.begin("health", ["--watch", "--json"]);
    await second.lines(1);
    await world.server.drain();
    expect(await second.finished).toEqual({
      code: 14,
      stdout: '{"service":"","status":"SERVING"}\n{"service":"","status":"NOT_SERVING"}\n',
      stderr: "",
    });
  });
});

describe.skipIf(!hasPythonGrpc())(
  "pinwire call, to a server of python3-grpcio (skipped when it is not installed)",
  { timeout: 60_000 },
  () => {
    it("calls all four kinds, and reads status and metadata", async () => {
      const world = await ExampleWorld.make();
      await startPythonServer(world);
      const call = (method: string, words: string[], input = "") =>
        pinwire(
          [
            ...["call", world.target, `GreeterService/${method}`, ...words, "--credentials", world.client],
            ...["--peer", serverId, "--proto", resolve(import.meta.dirname, "../../proto"), "--timeout", "20s"],
          ],
          { input },
        );
      expect(await call("SayHello", ['{"name":"Ada"}'])).toMatchObject({
        code: 0,
        stdout: '{"greeting":"Hello, Ada, True"}\n',
      });
      expect((await call("SayManyHellos", ['{"name":"Ada","count":2}'])).stdout.split("\n")).toHaveLength(3);
      const lines = '{"name":"Ada"}\n{"name":"Bob"}\n';
      expect(await call("CollectHellos", [], lines)).toMatchObject({
        stdout: '{"greeting":"Hello, Ada and Bob","count":2}\n',
      });
      expect(await call("Chat", [], lines)).toMatchObject({
        stdout: '{"greeting":"Hello, Ada"}\n{"greeting":"Hello, Bob"}\n',
      });
      expect(await call("SayHello", ['{"name":"not found"}', "--verbose"])).toMatchObject({
        code: 5,
        stdout: "",
        stderr: expect.stringMatching(
          /trailer: x-trailer: still here\npinwire: error: NOT_FOUND: nobody of that name ☃\n/,
        ),
      });
      const metadata = ["--metadata", "x-text=plain", "--metadata", "x-raw-bin=AAH+/w==", "--verbose"];
      expect((await call("SayHello", ['{"name":"metadata"}', ...metadata])).stderr).toContain(
        "header: x-echo-bin: AAH+/w==",
      );
    });
  },
);

async function startPythonServer(world: ExampleWorld): Promise<void> {
  mkdirSync(join(world.dir, "run"), { mode: 0o700 });
  const files = ["bundle.pem", "cert.pem", "key.pem"].map((name) => join(world.server, name));
  const script = resolve(import.meta.dirname, "../interop/greeter_server.py");
  const server = spawn(python, [script, world.target, ...files], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(server, "close");
  onTestFinished(async () => {
    server.stdin.end();
    await ended;
  });
  await Promise.race([
    once(createInterface({ input: server.stdout }), "line"),
    ended.then(() => Promise.reject(new Error("the Python server ended early"))),
  ]);
}
