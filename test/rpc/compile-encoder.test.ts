// The encoder that is compiled from descriptors gives the bytes that protobuf-es gives, or its error.
import {
  create,
  createFileRegistry,
  type DescField,
  type DescMessage,
  type Message,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  FieldDescriptorProto_Label as Label,
  StructSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encoderOf } from "../../src/rpc/compile-encoder.js";

const seed = Number(process.env.PINWIRE_SEED ?? Math.floor(Math.random() * 2 ** 31));

const scalars = [
  ...[Type.DOUBLE, Type.FLOAT, Type.INT64, Type.UINT64, Type.INT32, Type.FIXED64, Type.FIXED32, Type.BOOL, Type.STRING],
  ...[Type.BYTES, Type.UINT32, Type.SFIXED32, Type.SFIXED64, Type.SINT32, Type.SINT64],
];

type Syntax = "proto2" | "proto3";

/** A message with every kind of field there is in its syntax. */
function schemaOf(syntax: Syntax, extra: "none" | "map" | "group" | "required" | "wrapper"): DescMessage {
  let number = 0;
  const next = () => {
    number += number === 0 ? 1 : number < 40 ? 3 : 2_000;
    return number;
  };
  const field = (type: Type, label: Label, options: object = {}) => {
    const at = next();
    return { name: `f${at}`, number: at, type, label, ...options };
  };
  const reference = { [Type.MESSAGE]: { typeName: ".t.M" }, [Type.ENUM]: { typeName: ".t.E" } } as Record<
    number,
    object
  >;
  const all = [...scalars, Type.MESSAGE, Type.ENUM];
  const fields: object[] = [
    ...all.map((type) => field(type, Label.OPTIONAL, reference[type])),
    ...all.map((type) => field(type, Label.REPEATED, reference[type])),
    ...scalars
      .filter((type) => type !== Type.STRING && type !== Type.BYTES)
      .map((type) => field(type, Label.REPEATED, { options: { packed: syntax === "proto2" } })),
    ...all.map((type) => field(type, Label.OPTIONAL, { ...reference[type], oneofIndex: 0 })),
    field(Type.MESSAGE, Label.OPTIONAL, { typeName: ".google.protobuf.Timestamp" }),
  ];
  const nestedType: object[] = [];
  const oneofDecl: object[] = [{ name: "choice" }];
  if (syntax === "proto3") {
    for (const type of scalars) {
      oneofDecl.push({ name: `_o${oneofDecl.length}` });
      fields.push(field(type, Label.OPTIONAL, { proto3Optional: true, oneofIndex: oneofDecl.length - 1 }));
    }
  }
  if (extra === "map") {
    const entry = (name: string, at: number, type: Type) => ({ name, number: at, type, label: Label.OPTIONAL });
    nestedType.push({
      name: "PairsEntry",
      field: [entry("key", 1, Type.STRING), entry("value", 2, Type.INT32)],
      options: { mapEntry: true },
    });
    fields.push({ ...field(Type.MESSAGE, Label.REPEATED), name: "pairs", typeName: ".t.M.PairsEntry" });
  }
  if (extra === "group") {
    nestedType.push({ name: "Group", field: [{ name: "a", number: 1, type: Type.INT32, label: Label.OPTIONAL }] });
    fields.push({ ...field(Type.GROUP, Label.OPTIONAL), name: "group", typeName: ".t.M.Group" });
  }
  if (extra === "required") fields.push(field(Type.INT32, Label.REQUIRED));
  if (extra === "wrapper")
    fields.push(field(Type.MESSAGE, Label.OPTIONAL, { typeName: ".google.protobuf.StringValue" }));
  const file = create(FileDescriptorProtoSchema, {
    name: "t.proto",
    package: "t",
    syntax,
    dependency: ["google/protobuf/timestamp.proto", "google/protobuf/wrappers.proto"],
    messageType: [{ name: "M", field: fields, nestedType, oneofDecl }],
    enumType: [{ name: "E", value: [0, 1, -1, 1_000].map((value, i) => ({ name: `V${i}`, number: value })) }],
  });
  const known = [file_google_protobuf_timestamp, file_google_protobuf_wrappers];
  const registry = createFileRegistry(file, (name) => known.find((each) => `${each.name}.proto` === name));
  return registry.getMessage("t.M") as DescMessage;
}

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const uint32 = fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
// Long ones need a prefix of more than one byte; lone surrogates are not UTF-8.
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.constantFrom(
    "\ud800",
    "x\udc00y",
    "é".repeat(63),
    "é".repeat(64),
    "x".repeat(127),
    "x".repeat(128),
    "☃".repeat(6_000),
  ),
);
const float = fc.float({ noDefaultInfinity: false });

const scalarValues: Record<ScalarType, fc.Arbitrary<unknown>> = {
  [ScalarType.DOUBLE]: fc.double(),
  [ScalarType.FLOAT]: fc.oneof(float, fc.constant(-0)),
  [ScalarType.INT64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.INT32]: int32,
  [ScalarType.FIXED64]: uint64,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.BOOL]: fc.boolean(),
  [ScalarType.STRING]: text,
  [ScalarType.BYTES]: fc.uint8Array({ maxLength: 300 }),
  [ScalarType.UINT32]: uint32,
  [ScalarType.SFIXED32]: int32,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.SINT32]: int32,
  [ScalarType.SINT64]: int64,
};

function anyValueOf(field: DescField, depth: number): fc.Arbitrary<unknown> {
  if (field.fieldKind === "map") return fc.dictionary(fc.string(), int32, { maxKeys: 3 });
  const single = (): fc.Arbitrary<unknown> => {
    if (field.message?.typeName === "google.protobuf.StringValue") return text;
    if (field.message !== undefined) return messages(field.message, depth - 1);
    if (field.enum !== undefined) return fc.constantFrom(0, 1, -1, 1_000);
    return scalarValues[field.scalar as ScalarType];
  };
  return field.fieldKind === "list" ? fc.array(single(), { maxLength: 3 }) : single();
}

/** Messages with a few of their fields set. */
function messages(schema: DescMessage, depth = 2): fc.Arbitrary<Message> {
  const fields = schema.fields.filter((field) => depth > 0 || field.message === undefined);
  return fc
    .subarray(fields, { maxLength: Math.min(6, fields.length) })
    .chain((chosen) => fc.tuple(...chosen.map((field) => anyValueOf(field, depth).map((value) => ({ field, value })))))
    .map((entries) => {
      const init: Record<string, unknown> = {};
      for (const { field, value } of entries) {
        if (field.oneof === undefined) init[field.localName] = value;
        else init[field.oneof.localName] = { case: field.localName, value };
      }
      return create(schema, init as never);
    });
}

/** What encoding comes to: bytes, or the error. */
function attempt(encode: () => Uint8Array): string {
  try {
    return Buffer.from(encode()).toString("hex");
  } catch (error) {
    return String(error);
  }
}

function expectSame(schema: DescMessage, message: Message): void {
  expect(attempt(() => encoderOf(schema)(message))).toBe(attempt(() => toBinary(schema, message)));
}

describe(`an encoder that is compiled (PINWIRE_SEED=${seed})`, () => {
  for (const syntax of ["proto2", "proto3"] as const) {
    for (const extra of ["none", "map", "group", "required", "wrapper"] as const) {
      if (syntax === "proto3" && (extra === "group" || extra === "required")) continue;
      it(`gives protobuf-es's bytes: ${syntax}, beside all else ${extra}`, () => {
        const schema = schemaOf(syntax, extra);
        fc.assert(
          fc.property(messages(schema), (message) => expectSame(schema, message)),
          { seed, numRuns: 300 },
        );
      });
    }
  }

  it("gives protobuf-es's error for any value that does not belong there", () => {
    const schema = schemaOf("proto3", "none");
    const wrong = fc.oneof(
      fc.constantFrom(undefined, null, Number.NaN, 2 ** 40, -(2 ** 40), 1.5, "1", "x", 10n ** 30n, -1n, true, {}, []),
      fc.constantFrom(new Uint8Array(2), 3.5e38, Number.POSITIVE_INFINITY, { $typeName: "a.B" }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...schema.fields), wrong, fc.boolean(), (field, value, list) => {
        const message = create(schema) as unknown as Record<string, unknown>;
        const set = list ? [value] : value;
        if (field.oneof === undefined) message[field.localName] = set;
        else message[field.oneof.localName] = { case: field.localName, value: set };
        expectSame(schema, message as unknown as Message);
      }),
      { seed, numRuns: 2_000 },
    );
  });

  it("leaves unknown fields, strange types and getters that encode to protobuf-es", () => {
    const schema = schemaOf("proto3", "none");
    const unknown = create(schema) as Message;
    unknown.$unknown = [{ no: 9_999, wireType: 0, data: Uint8Array.of(5) }];
    expectSame(schema, unknown);
    expectSame(StructSchema, create(StructSchema, { fields: { a: { kind: { case: "numberValue", value: 1 } } } }));
    expect(file_google_protobuf_struct.name).toBe("google/protobuf/struct");
    const nested = create(schema, { f1: 1.5 } as never);
    const text = schema.fields.find(({ scalar }) => scalar === ScalarType.STRING) as DescField;
    Object.defineProperty(nested, text.localName, {
      get: () => Buffer.from(encoderOf(schema)(create(schema, { f1: 2.5 } as never))).toString("hex"),
    });
    expectSame(schema, nested);
  });

  it("is used where it can be", () => {
    // protobuf-es gives no Buffer.
    const byItself = (schema: DescMessage) => Buffer.isBuffer(encoderOf(schema)(create(schema, { f1: 1 } as never)));
    expect(byItself(schemaOf("proto2", "none"))).toBe(true);
    expect(byItself(schemaOf("proto3", "none"))).toBe(true);
    expect(byItself(schemaOf("proto3", "map"))).toBe(false);
  });

  it("never writes over what it has given out", () => {
    const schema = schemaOf("proto3", "none");
    fc.assert(
      fc.property(fc.array(messages(schema), { maxLength: 20 }), (all) => {
        const encoded = all.map((message) => encoderOf(schema)(message));
        expect(encoded.map((bytes) => Buffer.from(bytes).toString("hex"))).toEqual(
          all.map((message) => Buffer.from(toBinary(schema, message)).toString("hex")),
        );
      }),
      { seed, numRuns: 100 },
    );
  });
});
