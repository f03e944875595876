import type { DescService } from "@bufbuild/protobuf";
import { describe, expect, it, onTestFinished } from "vitest";
import { createClient } from "../../../src/client/client.js";
import { SchemaService } from "../../../src/gen/pinwire/direct/v1/schema_pb.js";
import { allow, deny, type PolicyRule } from "../../../src/interceptors/policy.js";
import { incompatibilities } from "../../../src/rpc/schema/incompatibilities.js";
import { methodShape } from "../../../src/rpc/schema/method-shape.js";
import { createServer } from "../../../src/server/server.js";
import { constantSource } from "../../../src/source.js";
import { Status } from "../../../src/status.js";
import type { TransportName } from "../../../src/transport/protocols.js";
import { failure } from "../../helpers/collect.js";
import { RecordingLogger } from "../../helpers/greeter-pair.js";
import { clientId, serverId, World } from "../../helpers/identities.js";
import { field, Label, serviceOf, Type } from "../../helpers/schema.js";
import { tempAddress } from "../../helpers/temp-socket.js";

type Field = ReturnType<typeof field>;

interface Shop {
  request?: Field[];
  response?: Field[];
  item?: Field[];
  entry?: [key: Type, value: Type];
  method?: object;
  requestName?: string;
  syntax?: "proto2" | "proto3";
}

const repeated = { label: Label.REPEATED };
const required = { label: Label.REQUIRED };
const item = (number: number, more = {}) => field("item", number, ".shop.Item", more);
const kind = (name: string) => field("kind", 2, Type.ENUM, { typeName: `.shop.${name}` });
const counts = field("counts", 2, ".shop.Req.CountsEntry", repeated);

/** `shop.Shop` with the methods Buy and Look; Look never changes. */
function shop(of: Shop = {}): DescService {
  const { request = [], response = [], item = [field("size", 1, Type.INT32)], entry, requestName = "Req" } = of;
  const [keyType, valueType] = entry ?? [Type.STRING, Type.INT32];
  const entryType = {
    name: "CountsEntry",
    field: [field("key", 1, keyType), field("value", 2, valueType)],
    options: { mapEntry: true },
  };
  return serviceOf("shop.Shop", {
    package: "shop",
    syntax: of.syntax ?? "proto3",
    messageType: [
      { name: requestName, field: request, nestedType: request.includes(counts) ? [entryType] : [] },
      { name: "Res", field: response },
      { name: "Item", field: item },
      { name: "Other", field: [field("size", 1, Type.INT32)] },
      { name: "Pair", field: [field("key", 1, Type.STRING), field("value", 2, Type.INT32)] },
      { name: "Empty" },
    ],
    enumType: ["Kind", "Colour"].map((name) => ({ name, value: [{ name: `${name}_NONE`, number: 0 }] })),
    service: [
      {
        name: "Shop",
        method: [
          { name: "Buy", inputType: `.shop.${requestName}`, outputType: ".shop.Res", ...of.method },
          { name: "Look", inputType: ".shop.Empty", outputType: ".shop.Empty" },
        ],
      },
    ],
  });
}

function compared(client: Shop, server: Shop): string[] {
  const [ours, theirs] = [client, server].map((it) => shop(it).method.buy);
  if (ours === undefined || theirs === undefined) throw new Error("the shop has a method");
  return incompatibilities(methodShape(ours), methodShape(theirs));
}

const one = (type: Type | string, more = {}) => ({ request: [field("name", 2, type, more)] });
const answer = (type: Type, more = {}) => ({ response: [field("name", 2, type, more)] });
const group = { request: [field("name", 2, Type.GROUP, { typeName: ".shop.Item" })] };

describe("what does not fit together", () => {
  const syntax = "proto2";
  it.each<[string, Shop, Shop, string]>([
    ["a number, a text", one(Type.UINT32), one(Type.STRING), "2 changed type (shop.Req.name: uint32 / string"],
    ["two encodings", one(Type.INT32), one(Type.SINT32), "2 changed type (shop.Req.name: int32 / sint32"],
    ["two sizes", one(Type.FIXED32), one(Type.FIXED64), "2 changed type (shop.Req.name: fixed32 / fixed64"],
    ["float, double", one(Type.FLOAT), one(Type.DOUBLE), "2 changed type (shop.Req.name: float / double"],
    ["an enum, a bool", { request: [kind("Kind")] }, one(Type.BOOL), "2 changed type (shop.Req.name: shop.Kind / bool"],
    [
      "two enums",
      { request: [kind("Kind")] },
      { request: [kind("Colour")] },
      "2 changed type (shop.Req.kind: shop.Kind / shop.Colour",
    ],
    ["bytes read as text", one(Type.BYTES), one(Type.STRING), "2 changed type (shop.Req.name: bytes / string"],
    ["bytes read as a message", one(Type.BYTES), one(".shop.Item"), "2 changed type (shop.Req.name: bytes / shop.Item"],
    [
      "bytes answered for text",
      answer(Type.STRING),
      answer(Type.BYTES),
      "2 changed type (shop.Res.name: string / bytes",
    ],
    [
      "a list read as one",
      one(Type.STRING, repeated),
      one(Type.STRING),
      "2 changed cardinality (shop.Req.name: repeated / singular",
    ],
    [
      "a list answered for one",
      answer(Type.STRING),
      answer(Type.STRING, repeated),
      "2 changed cardinality (shop.Res.name: singular / repeated",
    ],
    [
      "two messages",
      one(".shop.Item"),
      one(".shop.Other"),
      "2 changed message type (shop.Req.name: shop.Item / shop.Other",
    ],
    [
      "a message within",
      { request: [item(3)] },
      { request: [item(3)], item: [field("size", 1, Type.STRING)] },
      "3.1 changed type (shop.Item.size: int32 / string",
    ],
    [
      "the key of a map",
      { request: [counts] },
      { request: [counts], entry: [Type.BOOL, Type.INT32] },
      "2.1 changed type (shop.Req?2.key: string / bool",
    ],
    [
      "the value of a map",
      { request: [counts] },
      { request: [counts], entry: [Type.STRING, Type.STRING] },
      "2.2 changed type (shop.Req?2.value: int32 / string",
    ],
    [
      "a message, a group",
      { ...one(".shop.Item"), syntax },
      { ...group, syntax },
      "2 changed type (shop.Req.name: shop.Item / group shop.Item",
    ],
    [
      "what the server cannot do without",
      { syntax },
      { ...one(Type.STRING, required), syntax },
      "2 is required (shop.Req.name: absent / required",
    ],
    [
      "what the client cannot do without",
      { ...answer(Type.STRING, required), syntax },
      { ...answer(Type.STRING), syntax },
      "2 is required (shop.Res.name: required / optional",
    ],
  ])("%s", (_, client, server, expected) => {
    expect(compared(client, server)).toEqual([`field ${expected.replace(" / ", " here, ")} at the server)`]);
  });

  it.each<[string, Shop, Shop, string]>([
    [
      "another request",
      {},
      { requestName: "Order" },
      "request changed message type (shop.Req here, shop.Order at the server)",
    ],
    [
      "another kind of method",
      {},
      { method: { serverStreaming: true } },
      "changed kind (unary here, server streaming at the server)",
    ],
    [
      "streams",
      { method: { clientStreaming: true } },
      { method: { clientStreaming: true, serverStreaming: true } },
      "changed kind (client streaming here, bidi streaming at the server)",
    ],
  ])("%s", (_, client, server, expected) => {
    expect(compared(client, server)).toEqual([expected]);
  });

  it("is told once when it is wrong both ways", () => {
    const both = (type: Type) => ({ request: [item(1)], response: [item(1)], item: [field("size", 1, type)] });
    expect(compared(both(Type.INT32), both(Type.STRING))).toEqual([
      "field 1.1 changed type (shop.Item.size: int32 here, string at the server)",
    ]);
  });
});

describe("what fits together", () => {
  const both = (type: Type) => ({ request: [field("a", 1, type)], response: [field("a", 1, type)] });
  const plain = both(Type.INT32);
  it.each<[string, Shop, Shop]>([
    ["a field more at the server", {}, plain],
    ["a field more at the client", plain, {}],
    ["another name", plain, { request: [field("b", 1, Type.INT32)], response: [field("c", 1, Type.INT32)] }],
    ["int32 and uint32", plain, both(Type.UINT32)],
    ["int32 and int64", plain, both(Type.INT64)],
    ["int32 and uint64", plain, both(Type.UINT64)],
    ["int32 and bool", plain, both(Type.BOOL)],
    ["sint32 and sint64", both(Type.SINT32), both(Type.SINT64)],
    ["fixed32 and sfixed32", both(Type.FIXED32), both(Type.SFIXED32)],
    ["fixed64 and sfixed64", both(Type.FIXED64), both(Type.SFIXED64)],
    ["an enum and a number", { request: [kind("Kind")] }, one(Type.INT64)],
    ["text read as bytes", one(Type.STRING), one(Type.BYTES)],
    ["a message read as bytes", one(".shop.Item"), one(Type.BYTES)],
    ["text answered for bytes", answer(Type.BYTES), answer(Type.STRING)],
    ["one read as a list", one(Type.INT32), one(Type.INT32, repeated)],
    ["packed and not", one(Type.INT32, repeated), one(Type.INT32, { ...repeated, options: { packed: false } })],
    ["with presence and without", one(Type.INT32), { ...one(Type.INT32), syntax: "proto2" }],
    ["a map and a list", { request: [counts] }, { request: [field("counts", 2, ".shop.Pair", repeated)] }],
  ])("%s", (_, client, server) => {
    expect(compared(client, server)).toEqual([]);
  });

  it("messages that hold themselves", () => {
    const again = (...more: Field[]) => ({ request: [item(1)], item: [item(1), ...more] });
    const added = again(field("y", 2, Type.INT64), field("z", 3, Type.INT64));
    expect(compared(again(field("x", 2, Type.INT32)), added)).toEqual([]);
  });
});

type Client = Record<"buy" | "look", (request: object, options?: object) => Promise<unknown>>;

async function start(
  { client: ours, server: theirs }: { client: Shop; server: Shop },
  { transport = "direct" as TransportName, rules = [] as PolicyRule[] } = {},
) {
  const world = new World();
  const log = new RecordingLogger();
  const service = shop(theirs);
  const target = `unix:${tempAddress().path}`;
  const seen: unknown[] = [];
  const server = createServer({
    credentials: constantSource(world.credentials(serverId, clientId)),
    policy: [allow(service, clientId), ...rules],
    logger: log,
  });
  server.service(service, { buy: (request: unknown) => ({ count: seen.push(request) }), look: () => ({}) } as never);
  await server.listen(target);
  onTestFinished(() => server.close());
  const connect = <S extends DescService>(of: S) => {
    const options = { credentials: constantSource(world.credentials(clientId, serverId)), target, peer: serverId };
    const made = createClient(of, { ...options, transports: [transport], timeoutMs: 10_000 });
    onTestFinished(() => made[Symbol.asyncDispose]());
    return made;
  };
  const asked = () => log.records.filter(({ method }) => String(method).endsWith("/DescribeMethod")).length;
  return { client: connect(shop(ours)) as unknown as Client, connect, seen, asked };
}

const drifted = { client: one(Type.UINT32), server: one(Type.STRING) };
const grown = {
  client: one(Type.STRING),
  server: { request: [field("name", 2, Type.STRING), field("more", 3, Type.INT32)] },
};

describe("a client and a server whose schemas do not fit together", () => {
  it("the call fails with what has changed, by name, and the handler never sees it", async () => {
    const { client, seen, asked } = await start(drifted);
    for (let i = 0; i < 3; i++) {
      expect(await failure(client.buy({ name: 1 }))).toMatchObject({
        status: Status.FAILED_PRECONDITION,
        code: "ERR_SCHEMA_DRIFT",
        rawMessage: "shop.Shop/Buy: field 2 changed type (shop.Req.name: uint32 here, string at the server)",
        received: false,
      });
    }
    expect(seen).toEqual([]);
    expect(asked()).toBe(1);
    // Methods that have not changed go on.
    await client.look({});
  });

  it("asks once for calls that begin together", async () => {
    const { client, asked } = await start(drifted);
    const errors = await Promise.all(Array.from({ length: 5 }, () => failure(client.buy({ name: 1 }))));
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["ERR_SCHEMA_DRIFT"]));
    expect(asked()).toBe(1);
  });

  it("shows the first three differences", async () => {
    const five = (type: Type) => ({ request: [1, 2, 3, 4, 5].map((n) => field(`f${n}`, n, type)) });
    const { client } = await start({ client: five(Type.INT32), server: five(Type.STRING) });
    expect((await failure(client.buy({}))).rawMessage).toMatch(/: field 1 .*; field 2 .*; field 3 .*; and 2 more$/);
  });

  it("is not noticed over HTTP/2", async () => {
    const { client, asked } = await start(drifted, { transport: "h2" });
    // A number where a text belongs is of another wire type.
    expect(await failure(client.buy({ name: 1 }))).toMatchObject({ status: Status.INVALID_ARGUMENT });
    expect(asked()).toBe(0);
  });
});

describe("a client and a server whose schemas differ and fit together", () => {
  it("talk, and ask once", async () => {
    const { client, seen, asked } = await start(grown);
    await Promise.all([client.buy({ name: "a" }), client.buy({ name: "b" })]);
    await client.buy({ name: "c" });
    expect(seen).toMatchObject([{ name: "a", more: 0 }, { name: "b" }, { name: "c" }]);
    expect(asked()).toBe(1);
  });

  it("may cancel while they ask", async () => {
    const { client, seen } = await start(grown);
    const abort = new AbortController();
    const call = failure(client.buy({ name: "a" }, { signal: abort.signal }));
    abort.abort();
    expect(await call).toMatchObject({ status: Status.CANCELLED });
    await client.buy({ name: "b" });
    expect(seen).toMatchObject([{ name: "b" }]);
  });
});

describe("a client and a server whose schemas are the same", () => {
  it("do not ask", async () => {
    const { client, asked } = await start({ client: one(Type.STRING), server: one(Type.STRING) });
    await client.buy({ name: "a" });
    await client.look({});
    expect(asked()).toBe(0);
  });
});

describe("pinwire.direct.v1.SchemaService", () => {
  it("answers about methods that the caller may call, and says the same of all others", async () => {
    const look = shop().method.look;
    if (look === undefined) throw new Error("the shop has a method");
    const { connect } = await start(grown, { rules: [deny(look, clientId)] });
    const schema = connect(SchemaService);
    expect(await schema.describeMethod({ path: "/shop.Shop/Buy" })).toMatchObject({ input: "shop.Req" });
    const others = ["/shop.Shop/Look", "/shop.Shop/Nope", "/pinwire.direct.v1.SchemaService/DescribeMethod", ""];
    for (const path of others) {
      expect(await failure(schema.describeMethod({ path }))).toMatchObject({
        status: Status.NOT_FOUND,
        rawMessage: "no such method for this caller",
      });
    }
  });
});
