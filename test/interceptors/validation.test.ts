import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { create, type DescService } from "@bufbuild/protobuf";
import { FieldOptionsSchema, MessageOptionsSchema, OneofOptionsSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it, onTestFinished } from "vitest";
import { createClient } from "../../src/client/client.js";
import { BadRequestSchema } from "../../src/error-details.js";
import type { RpcError } from "../../src/errors.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow } from "../../src/interceptors/policy.js";
import { loadValidation } from "../../src/interceptors/validation.js";
import { hasValidationRules } from "../../src/interceptors/validation-rules.js";
import { createServer } from "../../src/server/server.js";
import { constantSource } from "../../src/source.js";
import { Status } from "../../src/status.js";
import { built } from "../helpers/built.js";
import { collect, failure } from "../helpers/collect.js";
import { ExampleWorld } from "../helpers/example-processes.js";
import { RecordingLogger, testTransport } from "../helpers/greeter-pair.js";
import { clientId, serverId, World } from "../helpers/identities.js";
import { field, Label, rules, rulesOfMessage, rulesOfOneof, serviceOf, Type, unreadable } from "../helpers/schema.js";
import { tempAddress } from "../helpers/temp-socket.js";

const kinds = {
  Unary: {},
  Server: { serverStreaming: true },
  Client: { clientStreaming: true },
  Bidi: { clientStreaming: true, serverStreaming: true },
};

type Message = Parameters<typeof serviceOf>[1]["messageType"];

/** A service with the four kinds of method, all of them taking the first of these messages. */
function orders(...messageType: NonNullable<Message>) {
  return serviceOf("shop.Orders", {
    package: "shop",
    messageType: [...messageType, { name: "Placed", field: [field("count", 1, Type.INT32)] }],
    service: [
      {
        name: "Orders",
        method: Object.entries(kinds).map(([name, streaming]) => ({
          name,
          inputType: `.shop.${messageType[0]?.name}`,
          outputType: ".shop.Placed",
          ...streaming,
        })),
      },
    ],
  });
}

const minOne = { type: { case: "string", value: { minLen: 1n } } } as const;
const order = {
  name: "Order",
  field: [
    field("name", 1, Type.STRING, rules(minOne)),
    field("count", 2, Type.UINT32, rules({ type: { case: "uint32", value: { lessThan: { case: "lt", value: 10 } } } })),
    field("lines", 3, ".shop.Line", { label: Label.REPEATED }),
  ],
};
const line = { name: "Line", field: [field("text", 1, Type.STRING, rules(minOne))] };
const good = { name: "x", lines: [{ text: "y" }] };

interface Client {
  unary(request: object): Promise<unknown>;
  server(request: object): AsyncIterable<unknown>;
  client(requests: object[]): Promise<unknown>;
  bidi(requests: object[]): AsyncIterable<unknown>;
}

async function start(service: DescService) {
  const world = new World();
  const log = new RecordingLogger();
  const seen: unknown[] = [];
  const target = `unix:${tempAddress().path}`;
  const server = createServer({
    credentials: constantSource(world.credentials(serverId, clientId)),
    policy: [allow(service, clientId)],
    logger: log,
  });
  server.service(service, {
    unary: (request: unknown) => ({ count: seen.push(request) }),
    async *server(request: unknown) {
      yield { count: seen.push(request) };
    },
    async client(requests: AsyncIterable<unknown>) {
      for await (const request of requests) seen.push(request);
      return { count: seen.length };
    },
    async *bidi(requests: AsyncIterable<unknown>) {
      for await (const request of requests) yield { count: seen.push(request) };
    },
  } as never);
  await server.listen(target);
  onTestFinished(() => server.close());
  const client = createClient(service, {
    credentials: constantSource(world.credentials(clientId, serverId)),
    target,
    peer: serverId,
    transports: [testTransport],
    timeoutMs: 10_000,
  });
  onTestFinished(() => client[Symbol.asyncDispose]());
  return { client: client as unknown as Client, seen, log };
}

const violations = (error: RpcError) => error.findDetails(BadRequestSchema)[0]?.fieldViolations;

describe("a request that breaks the rules of its schema", () => {
  it("does not reach the handler, whatever the kind of call, and its caller hears which field", async () => {
    const { client, seen, log } = await start(orders(order, line));
    const bad = { ...good, lines: [{ text: "y" }, { text: "" }], count: 10 };
    const calls = [client.unary(bad), client.server(bad), client.client([bad]), client.bidi([bad])];
    for (const error of await Promise.all(calls.map(failure))) {
      expect(error).toMatchObject({
        status: Status.INVALID_ARGUMENT,
        rawMessage: "the request is not valid: count: must be less than 10 (and 1 more)",
      });
      expect(violations(error)).toMatchObject([
        { field: "count", description: "must be less than 10", reason: "uint32.lt" },
        { field: "lines[1].text", description: "must be at least 1 characters", reason: "string.min_len" },
      ]);
    }
    expect(seen).toEqual([]);
    expect(await log.find(({ event }) => event === "call")).toMatchObject({ code: "ERR_VALIDATION", level: "info" });
  });

  it("is found among the messages of a stream", async () => {
    const { client, seen } = await start(orders(order, line));
    expect(await failure(client.client([good, good, {}, good]))).toMatchObject({ status: Status.INVALID_ARGUMENT });
    expect(seen).toHaveLength(2);
  });

  it("has as many details as fit", async () => {
    const { client } = await start(orders(order, line));
    const error = await failure(client.unary({ name: "x", lines: Array(500).fill({ text: "" }) }));
    expect(error.rawMessage).toMatch(/\(and 499 more\)$/);
    expect(violations(error)?.length).toBeGreaterThan(20);
    expect(violations(error)?.length).toBeLessThan(200);
  });

  it("may break a rule of the message, or of a oneof", async () => {
    const both = {
      name: "Order",
      field: [field("a", 1, Type.INT32, { oneofIndex: 0 }), field("b", 2, Type.INT32)],
      oneofDecl: [{ name: "choice", ...rulesOfOneof({ required: true }) }],
      ...rulesOfMessage({ cel: [{ id: "b.small", message: "b is too large", expression: "this.b < 5" }] }),
    };
    const { client } = await start(orders(both));
    expect(violations(await failure(client.unary({ b: 5 })))).toMatchObject([
      { field: "", description: "b is too large", reason: "b.small" },
      { field: "choice", reason: "required" },
    ]);
  });

  it("may have a very long key: the details stay small", async () => {
    const entry = {
      name: "NotesEntry",
      field: [field("key", 1, Type.STRING), field("value", 2, Type.STRING)],
      options: { mapEntry: true },
    };
    const noted = {
      name: "Order",
      field: [
        field("notes", 1, ".shop.Order.NotesEntry", {
          label: Label.REPEATED,
          ...rules({ type: { case: "map", value: { values: minOne } } }),
        }),
      ],
      nestedType: [entry],
    };
    const { client } = await start(orders(noted));
    const error = await failure(client.unary({ notes: { ["k".repeat(100_000)]: "" } }));
    expect(violations(error)?.[0]?.field).toMatch(/^notes\["k{193}…$/);
  });
});

describe("a request that keeps them", () => {
  it("reaches the handler", async () => {
    const { client, seen } = await start(orders(order, line));
    await client.unary(good);
    await collect(client.server(good));
    await client.client([good]);
    await collect(client.bidi([good]));
    expect(seen).toHaveLength(4);
  });
});

describe("a rule that fails by itself", () => {
  it("lets nothing through, and its caller hears nothing of it", async () => {
    const { client, seen, log } = await start(
      orders({
        name: "Order",
        field: [field("a", 1, Type.INT32), field("b", 2, Type.INT32)],
        ...rulesOfMessage({ cel: [{ id: "ratio", message: "", expression: "this.a == 0 || this.a / this.b < 5" }] }),
      }),
    );
    await client.unary({});
    expect(await failure(client.unary({ a: 1 }))).toMatchObject({
      status: Status.INTERNAL,
      rawMessage: expect.stringMatching(/^internal error \(reference/),
    });
    expect(seen).toHaveLength(1);
    expect(await log.find(({ code }) => code === "ERR_VALIDATION_RULES")).toMatchObject({ status: "INTERNAL" });
  });
});

describe("rules that are wrong", () => {
  const broken = [{ id: "x", message: "", expression: "this <" }];
  const items = { cel: broken };
  it.each<[string, object]>([
    ["CEL of a message that does not compile", rulesOfMessage({ cel: broken })],
    ["CEL without a name that does not compile", rulesOfMessage({ celExpression: ["this <"] })],
    ["CEL of a field", { field: [field("a", 1, Type.INT32, rules({ cel: broken }))] }],
    [
      "CEL of the items of a list",
      {
        field: [
          field("a", 1, Type.INT32, {
            label: Label.REPEATED,
            ...rules({ type: { case: "repeated", value: { items } } }),
          }),
        ],
      },
    ],
    ["a oneof rule about a field that is not there", rulesOfMessage({ oneof: [{ fields: ["nope"] }] })],
    ["rules of a message that cannot be read", unreadable(create(MessageOptionsSchema), 1159)],
    [
      "rules of a field that cannot be read",
      { field: [field("a", 1, Type.INT32, unreadable(create(FieldOptionsSchema), 1159))] },
    ],
    [
      "rules of a oneof that cannot be read",
      {
        oneofDecl: [{ name: "o", ...unreadable(create(OneofOptionsSchema), 1159) }],
        field: [field("a", 1, Type.INT32, { oneofIndex: 0 })],
      },
    ],
    ["rules for another type", { field: [field("a", 1, Type.INT32, rules(minOne))] }],
  ])("%s: listen() refuses, at any depth", async (_, wrong) => {
    const inner = { name: "Inner", field: [field("a", 1, Type.INT32)], ...wrong };
    const outer = { name: "Order", field: [field("inner", 1, ".shop.Inner")] };
    await expect(start(orders(outer, inner))).rejects.toMatchObject({
      name: "ConfigError",
      code: "ERR_VALIDATION_RULES",
      problem: expect.stringContaining("the rules of buf.validate for the requests of shop.Orders/Unary are wrong: "),
    });
  });
});

describe("without @bufbuild/protovalidate", () => {
  it("a server refuses to serve rules, and does not miss it where there are none", async () => {
    const world = await ExampleWorld.make();
    const script = join(import.meta.dirname, "..", "helpers", "without-protovalidate.mjs");
    const args = [script, built("."), world.server, world.target.slice("unix:".length)];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(stderr).not.toContain("at ");
    expect(JSON.parse(stdout)).toEqual({
      without: "listens",
      with: {
        name: "ConfigError",
        code: "ERR_VALIDATION_MISSING",
        message:
          "a.S/Do has rules of buf.validate, and @bufbuild/protovalidate cannot be loaded - npm install @bufbuild/protovalidate",
      },
    });
  });
});

describe("a schema without rules", () => {
  it("costs nothing", async () => {
    expect((await loadValidation([GreeterService])).size).toBe(0);
    expect((await loadValidation([orders({ name: "Order" }, line)])).size).toBe(0);
  });

  it("is told from one with rules at any depth, also in maps and in itself", () => {
    const self = { name: "Order", field: [field("again", 1, ".shop.Order")] };
    const entry = {
      name: "LinesEntry",
      field: [field("key", 1, Type.STRING), field("value", 2, ".shop.Line")],
      options: { mapEntry: true },
    };
    const map = {
      name: "Order",
      field: [field("lines", 1, ".shop.Order.LinesEntry", { label: Label.REPEATED })],
      nestedType: [entry],
    };
    const found = (service: DescService) => service.methods.map(hasValidationRules);
    expect(found(orders(self, line))).toEqual([false, false, false, false]);
    expect(found(orders(map, line))).toEqual([true, true, true, true]);
  });
});
