import type { DescMessage } from "@bufbuild/protobuf";
import { create, createFileRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  AnySchema,
  anyUnpack,
  FileDescriptorSetSchema,
  StringValueSchema,
  StructSchema,
  UInt64ValueSchema,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { parseRequest } from "../../src/cli/calling/parse-request.js";
import { FileSchema } from "../../src/cli/schema/file-schema.js";
import {
  file_hello_v1_greeter,
  SayHelloRequestSchema,
  SayManyHellosRequestSchema,
} from "../../src/gen/hello/v1/greeter_pb.js";

const schema = new FileSchema(
  createFileRegistry(create(FileDescriptorSetSchema, { file: [file_hello_v1_greeter.proto] })),
);
const parse = (desc: DescMessage, text: string) => parseRequest(desc, text, { schema, where: "line 3" });

describe("parseRequest()", () => {
  const misfits: readonly (readonly [desc: DescMessage, json: string, reason: string, hint: string])[] = [
    [SayHelloRequestSchema, '{"nam":"x"}', 'key "nam" is unknown', "did you mean name?"],
    [SayHelloRequestSchema, '{"zzzzz":1}', 'key "zzzzz" is unknown', "shows the fields of hello.v1.SayHelloRequest"],
    [SayHelloRequestSchema, '{"name":1}', "name from JSON: expected string, got 1", "pinwire describe"],
    [SayHelloRequestSchema, '{"name":"a","name":"b"}', 'duplicate object key "name"', "pinwire describe"],
    [SayHelloRequestSchema, "{", "from JSON: ", "pinwire describe"],
    [SayHelloRequestSchema, "[]", "from JSON: Array(0)", "pinwire describe"],
    [SayHelloRequestSchema, '{"name":"\\ud800"}', "invalid UTF8", "pinwire describe"],
    [SayManyHellosRequestSchema, '{"count":4294967296}', "out of range", "pinwire describe"],
    [AnySchema, '{"@type":"x/no.Such"}', "is not in the type registry", "pinwire describe"],
    [UInt64ValueSchema, "9007199254740993", "9007199254740993 has more digits than", 'as a text: "9007199254740993"'],
    [UInt64ValueSchema, "9".repeat(400), "has more digits than", "as a text: "],
    [StructSchema, '{"a":[-12345678901234567891]}', "has more digits than", 'as a text: "-12345678901234567891"'],
  ];
  for (const [desc, json, reason, hint] of misfits) {
    it(`refuses ${json.slice(0, 40)} for ${desc.name}`, async () => {
      const expected = { name: "ConfigError", code: "ERR_INVALID_JSON", hint: expect.stringContaining(hint) };
      const problem = expect.stringMatching(/^line 3 does not fit: /);
      await expect(parse(desc, json)).rejects.toMatchObject({ ...expected, problem });
      await expect(parse(desc, json)).rejects.toThrow(reason);
    });
  }

  it("comes to an end with texts of any length, and what is not JSON", async () => {
    const long = "x".repeat(12_000_000);
    expect(await parse(SayHelloRequestSchema, `{"name":"${long}"}`)).toMatchObject({ name: long });
    for (const text of [
      `{"name":${'\\"'.repeat(300_000)}`,
      `{"name":"${"\\".repeat(6_000_000)}`,
      `{"name":${"1".repeat(12_000_000)}}`,
      `["-1-2-3-${"-".repeat(6_000_000)}`,
      `[1234567890123456-1234567890123456]`,
    ]) {
      await expect(parse(SayHelloRequestSchema, text)).rejects.toMatchObject({ code: "ERR_INVALID_JSON" });
    }
  });

  it("takes numbers that JSON keeps, and any number as a text", async () => {
    for (const [json, value] of [
      ["9007199254740992", 9_007_199_254_740_992n],
      ['"18446744073709551615"', 18_446_744_073_709_551_615n],
      ["1e3", 1_000n],
    ] as const) {
      expect(await parse(UInt64ValueSchema, json), json).toMatchObject({ value });
    }
    const digits = '{"a":"9007199254740993","\\"9007199254740993":0.1234567890123456789,"b":12345678901234567890e-5}';
    await parse(StructSchema, digits);
  });

  it("knows the types of the schema, and those that everybody has, in google.protobuf.Any", async () => {
    const any = (json: string) => parse(AnySchema, json) as Promise<Parameters<typeof anyUnpack>[0]>;
    const hello = await any('{"@type":"type.googleapis.com/hello.v1.SayHelloRequest","name":"Ada"}');
    expect(anyUnpack(hello, SayHelloRequestSchema)).toMatchObject({ name: "Ada" });
    const text = await any('{"@type":"type.googleapis.com/google.protobuf.StringValue","value":"Ada"}');
    expect(anyUnpack(text, StringValueSchema)).toMatchObject({ value: "Ada" });
    expect(fromBinary(AnySchema, toBinary(AnySchema, text))).toEqual(text);
  });
});
