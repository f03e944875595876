import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { create, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { afterAll, describe, expect, it } from "vitest";
import { RpcError } from "../../src/errors.js";
import { BadRequestSchema } from "../../src/gen/google/rpc/error_details_pb.js";
import { file_hello_v1_greeter, GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { ReflectionService } from "../../src/reflection.js";
import type { HandlerContext } from "../../src/rpc/call-context.js";
import { errorDetail } from "../../src/rpc/error-detail.js";
import { Status } from "../../src/status.js";
import { built } from "../helpers/built.js";
import { workplace } from "../helpers/certs-tool.js";
import { CliWorld } from "../helpers/cli-world.js";
import { ExampleWorld } from "../helpers/example-processes.js";
import { type Greeter, greeter } from "../helpers/greeter-pair.js";
import { clientId, serverId } from "../helpers/identities.js";
import { Library, layOutLibrary } from "../helpers/library.js";
import { pinwire } from "../helpers/pinwire.js";
import { tempDirectory } from "../helpers/temp-directory.js";

const schema = ["--descriptor", descriptorFile()];

/** As `buf build -o` writes it. */
function descriptorFile(): string {
  const dir = mkdtempSync(join(tmpdir(), "pinwire-"));
  afterAll(() => rmSync(dir, { recursive: true }));
  const file = join(dir, "schema.binpb");
  const set = create(FileDescriptorSetSchema, { file: [file_hello_v1_greeter.proto] });
  writeFileSync(file, toBinary(FileDescriptorSetSchema, set));
  return file;
}

/** A greeter that does what the test is about. */
function start(implementation: Partial<Greeter> = {}) {
  return CliWorld.start([{ service: GreeterService, implementation: { ...greeter, ...implementation } }]);
}

describe("pinwire call", { timeout: 60_000 }, () => {
  it("calls all four kinds of a server in another process", async () => {
    const world = await ExampleWorld.make();
    await world.startServer();
    const call = (method: string, words: string[], input = "") =>
      pinwire(
        [
          ...["call", world.target, `hello.v1.GreeterService/${method}`, ...words],
          ...["--credentials", world.client, "--peer", serverId, ...schema],
        ],
        { input },
      );
    const lines = '{"name":"Ada"}\n\n  {"name": "Bob"}';
    expect(await call("SayHello", ['{"name":"Ada"}'])).toEqual({
      code: 0,
      stdout: `{"greeting":"Hello, Ada, known to me as ${clientId}"}\n`,
      stderr: "",
    });
    expect(await call("SayManyHellos", ['{"name":"Ada","count":2}'])).toEqual({
      code: 0,
      stdout: '{"greeting":"Hello, Ada, for time 1"}\n{"greeting":"Hello, Ada, for time 2"}\n',
      stderr: "",
    });
    expect(await call("CollectHellos", [], lines)).toEqual({
      code: 0,
      stdout: '{"greeting":"Hello, Ada and Bob","count":2}\n',
      stderr: "",
    });
    expect(await call("Chat", ["-"], lines)).toEqual({
      code: 0,
      stdout: '{"greeting":"Hello, Ada"}\n{"greeting":"Hello, Bob"}\n',
      stderr: "",
    });
  });

  it("answers line by line while a conversation goes on, and ends it with the input", async () => {
    const world = await start();
    const talk = world.begin("call", ["GreeterService/Chat", ...schema]);
    talk.write('{"name":"Ada"}');
    expect(await talk.lines(1)).toEqual(['{"greeting":"Hello, Ada"}']);
    talk.write('{"name":"Bob"}');
    expect(await talk.lines(2)).toEqual(['{"greeting":"Hello, Ada"}', '{"greeting":"Hello, Bob"}']);
    talk.child.stdin?.end();
    expect(await talk.finished).toMatchObject({ code: 0, stderr: "" });
  });

  it("ends with the call although the input goes on", async () => {
    const world = await start({
      async *chat(requests) {
        for await (const { name } of requests) yield { greeting: name };
        throw new RpcError(Status.ABORTED, "never reached");
      },
      async collectHellos() {
        throw new RpcError(Status.OUT_OF_RANGE, "enough");
      },
    });
    const talk = world.begin("call", ["GreeterService/CollectHellos", ...schema]);
    expect(await talk.finished).toMatchObject({ code: 11, stdout: "", stderr: expect.stringContaining("enough") });
  });

  it("takes requests as words, no word as an empty one, and - as the input", async () => {
    const world = await start();
    expect(
      await world.run("call", ["GreeterService/CollectHellos", '{"name":"A"}', '{"name":"B"}', ...schema]),
    ).toMatchObject({ code: 0, stdout: '{"greeting":"Hello, A and B","count":2}\n' });
    expect(await world.run("call", ["GreeterService/SayHello", ...schema])).toMatchObject({
      stdout: expect.stringContaining('"Hello, , known'),
    });
    expect(await world.run("call", ["GreeterService/SayHello", "-", ...schema], '{\n "name":\n "A"}\n')).toMatchObject({
      stdout: expect.stringContaining('"Hello, A, known'),
    });
    expect(await world.run("call", ["GreeterService/SayHello", "{}", "{}", ...schema])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining("SayHello takes one request, not 2"),
    });
  });

  it("cancels the call on Ctrl-C", async () => {
    const reasons: unknown[] = [];
    let begun = () => {};
    const waiting = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const world = await start({
      sayHello: (_request, { signal }: HandlerContext) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(reasons.push(signal.reason)));
          begun();
        }),
    });
    const call = world.begin("call", ["GreeterService/SayHello", ...schema]);
    await waiting;
    call.child.kill("SIGINT");
    expect(await call.finished).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("CANCELLED") });
    expect(reasons).toHaveLength(1);
  });

  it("takes no longer than --timeout", async () => {
    const world = await start({ sayHello: () => new Promise(() => {}) });
    expect(await world.run("call", ["GreeterService/SayHello", "--timeout", "50ms", ...schema])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("code: ERR_RPC_DEADLINE_EXCEEDED (DEADLINE_EXCEEDED)"),
    });
    expect(await world.run("call", ["GreeterService/SayHello", "--timeout", "2", ...schema])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('--timeout "2" is not a time'),
    });
  });

  it("sends and shows metadata, bytes as base64", async () => {
    const world = await start({
      sayHello: (_request, context) => {
        for (const [key, value] of context.requestMetadata) context.responseHeader.append(key, value);
        context.responseTrailer.append("cost", "3");
        return { greeting: "x" };
      },
    });
    const words = ["--metadata", "trace=a=b", "--metadata", "key-bin=AAEC", "--metadata", "trace=c", "--verbose"];
    expect(await world.run("call", ["GreeterService/SayHello", ...words, ...schema])).toEqual({
      code: 0,
      stdout: '{"greeting":"x"}\n',
      stderr: "header: trace: a=b\nheader: trace: c\nheader: key-bin: AAEC\ntrailer: cost: 3\n",
    });
    const { stderr } = await world.run("call", ["GreeterService/SayHello", ...words, "--json", ...schema]);
    expect(
      stderr
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        header: [
          ["trace", "a=b"],
          ["trace", "c"],
          ["key-bin", "AAEC"],
        ],
      },
      { trailer: [["cost", "3"]] },
    ]);
    expect(await world.run("call", ["GreeterService/SayHello", "--metadata", "grpc-x=1", ...schema])).toMatchObject({
      code: 3,
      stdout: "",
      stderr: expect.stringContaining("code: ERR_INVALID_METADATA"),
    });
  });

  it("shows fields with their default value when it is told to", async () => {
    const world = await start({ collectHellos: () => ({}) });
    const words = ["GreeterService/CollectHellos", "{}", ...schema];
    expect((await world.run("call", words)).stdout).toBe("{}\n");
    expect((await world.run("call", [...words, "--emit-defaults"])).stdout).toBe('{"greeting":"","count":0}\n');
  });

  it("has the schema from a directory of .proto files too, but not from both", async () => {
    const world = await start();
    const proto = ["--proto", resolve(import.meta.dirname, "../../proto")];
    expect(await world.run("call", ["GreeterService/SayHello", ...proto])).toMatchObject({ code: 0, stderr: "" });
    expect(await world.run("call", ["GreeterService/SayHello", ...proto, ...schema])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining("--proto and --descriptor exclude each other"),
    });
  });

  it("stops without a word when nobody reads on", async () => {
    const world = await start({
      async *sayManyHellos() {
        for (;;) yield { greeting: "x".repeat(10_000) };
      },
    });
    const call = world.begin("call", ["GreeterService/SayManyHellos", ...schema]);
    await call.lines(1);
    call.child.stdout?.destroy();
    expect(await call.finished).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("what fails", { timeout: 60_000 }, () => {
  it("ends with the status as exit code, its code and what to do", async () => {
    const statuses = Object.entries(Status).filter(([, status]) => status !== Status.OK);
    const world = await start({
      sayHello: ({ name }) => {
        throw new RpcError(Status[name as "ABORTED"], `because of ${name}`);
      },
    });
    for (const [name, code] of statuses) {
      const { stderr, ...rest } = await world.run("call", [
        "GreeterService/SayHello",
        JSON.stringify({ name }),
        ...schema,
      ]);
      expect(rest).toEqual({ code, stdout: "" });
      expect(stderr).toMatch(
        new RegExp(`^pinwire: error: ${name}: because of ${name}\ncode: ERR_RPC_${name} \\(${name}\\)\n(hint: .+\n)?$`),
      );
    }
  });

  it("shows the details of an error, known or not", async () => {
    const world = await start({
      sayHello: () => {
        throw new RpcError(Status.INVALID_ARGUMENT, "no such colour", {
          details: [
            errorDetail(BadRequestSchema, { fieldViolations: [{ field: "colour", description: "red or blue" }] }),
            { typeName: "secret.Thing", value: new Uint8Array([0, 255]), as: () => undefined },
          ],
        });
      },
    });
    const words = ["GreeterService/SayHello", ...schema];
    const { code, stderr } = await world.run("call", words);
    expect(code).toBe(3);
    expect(stderr.split("\n").filter((line) => line.startsWith("detail: "))).toEqual([
      'detail: {"@type":"google.rpc.BadRequest","fieldViolations":[{"field":"colour","description":"red or blue"}]}',
      'detail: {"@type":"secret.Thing","value":"AP8="}',
    ]);
    const json = await world.run("call", [...words, "--json"]);
    expect(JSON.parse(json.stderr)).toEqual({
      error: {
        code: "ERR_RPC_INVALID_ARGUMENT",
        status: "INVALID_ARGUMENT",
        problem: "INVALID_ARGUMENT: no such colour",
        details: [
          { "@type": "google.rpc.BadRequest", fieldViolations: [{ field: "colour", description: "red or blue" }] },
          { "@type": "secret.Thing", value: "AP8=" },
        ],
        hint: "correct the request",
      },
    });
  });

  it("explains refusals with the fix of docs/errors.md", async () => {
    const world = await start();
    const { target, client, server } = world.world;
    const call = (words: string[]) => pinwire(["call", ...words, ...schema]);
    const method = "GreeterService/SayHello";
    expect(await call([`${target}x`, method, "--credentials", client, "--peer", serverId])).toEqual({
      code: 14,
      stdout: "",
      stderr: [
        `pinwire: error: UNAVAILABLE: there is no socket at ${target.slice(5)}x`,
        "code: ERR_NO_SOCKET (UNAVAILABLE)",
        "hint: start the server; compare the path with the server's listen()\n",
      ].join("\n"),
    });
    expect(await call([target, method, "--credentials", client, "--peer", "spiffe://local.test/other"])).toMatchObject({
      code: 16,
      stderr: expect.stringMatching(/code: ERR_UNEXPECTED_IDENTITY .*\nhint: correct peer, or the target\n$/),
    });
    expect(await call([target, method, "--credentials", server, "--peer", serverId])).toMatchObject({
      code: 16,
      stderr: expect.stringContaining("hint: if it should be known: certs-tool pin\n"),
    });
    expect(await call([target, method, "--credentials", `${client}x`, "--peer", serverId])).toMatchObject({
      code: 9,
      stderr: expect.stringContaining("code: ERR_FILE_MISSING"),
    });
    expect(await call(["greeter.sock", method, "--credentials", client, "--peer", serverId])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("code: ERR_INVALID_ADDRESS"),
    });
    expect(await call([target, method, "--credentials", client])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining("--peer SPIFFE_ID is missing"),
    });
    expect(await call([target, method, "--peer", serverId])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining("--credentials DIR is missing"),
    });
  });

  it("never lets a server write to the terminal as it likes", async () => {
    const hostile = "\u001b[2J\u001b]0;pwned\u0007\r\nhint: rm -rf ~\u009b31m\u202e\u2028";
    const escaped = /^[\x20-\x7e\u00a0-\uffff\n]*$/;
    const world = await start({
      sayHello: () => ({ greeting: hostile }),
      async *sayManyHellos() {
        throw new RpcError(Status.INTERNAL, hostile, {
          details: [{ typeName: hostile, value: new Uint8Array(), as: () => undefined }],
        });
      },
    });
    const good = await world.run("call", ["GreeterService/SayHello", ...schema]);
    expect(good.stdout).toMatch(escaped);
    expect(good.stdout.split("\n")).toHaveLength(2);
    expect(JSON.parse(good.stdout)).toEqual({ greeting: hostile });
    for (const form of [[], ["--json"]]) {
      const { stderr } = await world.run("call", ["GreeterService/SayManyHellos", ...schema, ...form]);
      expect(stderr).toMatch(escaped);
      expect(stderr).toContain("\\u001b[2J");
      expect(stderr.split("\n").filter((line) => line.startsWith("hint: rm"))).toEqual([]);
    }
  });
});

describe("requests that do not fit", { timeout: 60_000 }, () => {
  it("are refused with the place and the reason, before anything is sent", async () => {
    let calls = 0;
    const world = await start({
      sayHello: () => {
        calls += 1;
        return {};
      },
    });
    expect(await world.run("call", ["GreeterService/SayHello", '{"nam":"x"}', ...schema])).toEqual({
      code: 3,
      stdout: "",
      stderr: [
        'pinwire: error: the request does not fit: cannot decode message hello.v1.SayHelloRequest from JSON: key "nam" is unknown',
        "code: ERR_INVALID_JSON (INVALID_ARGUMENT)",
        "hint: did you mean name?\n",
      ].join("\n"),
    });
    expect(calls).toBe(0);
  });

  it("are named by their line when they come as a stream, whose call is cancelled then", async () => {
    const world = await start();
    const words = ["GreeterService/CollectHellos", ...schema];
    expect(await world.run("call", words, '{"name":"a"}\n\n{"name":2}\n')).toMatchObject({
      code: 3,
      stdout: "",
      stderr: expect.stringMatching(
        /^pinwire: error: line 3 of standard input does not fit: .+ expected string, got 2\n/,
      ),
    });
    expect(await world.run("call", words, new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x0a]))).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("standard input is not UTF-8, at line 1 or after it"),
    });
  });
});

describe("a capability token", { timeout: 60_000 }, () => {
  it("is attached from --token, and missed where the schema wants one", async () => {
    const proto = layOutLibrary(tempDirectory());
    const file = join(proto, "library.proto");
    writeFileSync(file, readFileSync(file, "utf8").replace("audit: AUDIT_LEVEL_ALL", ""));
    const service = new Library(proto).service("LibraryService");
    const implementation = { lend: () => ({}), watch: async function* () {} };
    const place = workplace();
    await place.ok("token init --issuer issuer --name spiffe://local.test/tokens");
    const settings = {
      roles: { reader: [clientId] },
      tokens: { issuers: join(place.directory, "issuer/issuers.json") },
      reflection: true,
    };
    const world = await CliWorld.start([{ service, implementation }], settings, [ReflectionService]);
    const token = join(place.directory, "cli.token");
    await place.ok(
      `token issue lend --issuer issuer --holder ${world.world.client} --audience ${serverId} --out ${token}`,
    );
    const words = ["LibraryService/Lend", "--timeout", "5s"];
    expect(await world.run("call", [...words, "--token", token])).toEqual({ code: 0, stdout: "{}\n", stderr: "" });
    expect(await world.run("call", words)).toMatchObject({
      code: 16,
      stdout: "",
      stderr: expect.stringContaining("hint: pass --token FILE; certs-tool token issue lend"),
    });
    await place.ok(
      `token issue other --issuer issuer --holder ${world.world.client} --audience ${serverId} --out ${token}2`,
    );
    expect(await world.run("call", [...words, "--token", `${token}2`])).toMatchObject({
      code: 16,
      stderr: expect.stringContaining(`hint: run: certs-tool token inspect ${token}2; the server's log has the reason`),
    });
    expect(await world.run("call", [...words, "--token", `${token}x`])).toMatchObject({
      code: 16,
      stderr: expect.stringMatching(/no token could be had: .*cli\.tokenx does not exist\ncode: ERR_TOKEN_UNAVAILABLE/),
    });
  });
});

describe.skipIf(!existsSync("/dev/full"))("a standard output that is full", { timeout: 60_000 }, () => {
  it("is the mistake of a file, not a bug", async () => {
    const args = ["-c", '"$0" "$@" > /dev/full', process.execPath, built("src/cli/main.js"), "list", ...schema];
    const child = spawn("sh", args);
    const [[code], stderr] = await Promise.all([once(child, "close"), text(child.stderr)]);
    expect(stderr).toMatch(/^pinwire: error: cannot write standard output: no space left .*\ncode: ERR_FILE_WRITE/);
    expect(code).toBe(9);
  });
});
