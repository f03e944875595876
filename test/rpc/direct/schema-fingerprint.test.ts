import { create, createFileRegistry, type DescMethod } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { GreeterService } from "../../../src/gen/hello/v1/greeter_pb.js";
import { schemaFingerprint } from "../../../src/rpc/direct/schema-fingerprint.js";

const unchanged = fingerprintAfter(() => {});

describe("schemaFingerprint", () => {
  it("is eight bytes, the same each time", () => {
    expect(unchanged).toMatch(/^[0-9a-f]{16}$/);
    expect(fingerprintAfter(() => {})).toBe(unchanged);
  });

  it("differs between the methods of a service", () => {
    const all = GreeterService.methods.map((method) => schemaFingerprint(method).toString("hex"));
    expect(new Set(all).size).toBe(GreeterService.methods.length);
  });

  const meaningful: Record<string, (schema: Schema) => void> = {
    "a field has another number": ({ request }) => set(request, "name", { number: 9 }),
    "a field has another type": ({ request }) => set(request, "name", { type: Type.BYTES }),
    "a number is encoded in another way": ({ inner }) => set(inner, "size", { type: Type.SINT32 }),
    "a field has another name": ({ request }) => set(request, "name", { name: "title" }),
    "a field is a list": ({ request }) => set(request, "name", { label: Label.REPEATED }),
    "a field is gone": ({ request }) => void request.field.pop(),
    "a field of a message within changes": ({ inner }) => set(inner, "size", { number: 2 }),
    "a field holds another message": ({ request }) => set(request, "inner", { typeName: ".test.Other" }),
    "the key of a map changes": ({ entry }) => set(entry, "key", { type: Type.INT64 }),
    "the value of a map changes": ({ entry }) => set(entry, "value", { type: Type.FIXED32 }),
    "the response changes": ({ response }) => set(response, "inner", { number: 7 }),
    "requests are streamed": ({ method }) => void Object.assign(method, { clientStreaming: true }),
    "responses are streamed": ({ method }) => void Object.assign(method, { serverStreaming: true }),
    "a message has another name": ({ inner, request, response }) => {
      inner.name = "Renamed";
      for (const message of [request, response]) set(message, "inner", { typeName: ".test.Renamed" });
    },
  };
  it.each(Object.entries(meaningful))("changes when %s", (_, change) => {
    expect(fingerprintAfter(change)).not.toBe(unchanged);
  });

  const meaningless: Record<string, (schema: Schema) => void> = {
    "fields are declared in another order": ({ request }) => void request.field.reverse(),
    "a message that is not reached changes": ({ other }) => set(other, "size", { type: Type.STRING }),
    "a method has another name": ({ method }) => void Object.assign(method, { name: "Do" }),
    "the name in JSON changes": ({ request }) => set(request, "name", { jsonName: "nom" }),
  };
  it.each(Object.entries(meaningless))("stays when %s", (_, change) => {
    expect(fingerprintAfter(change)).toBe(unchanged);
  });

  it("ends for messages that contain themselves", () => {
    const recursive = ({ inner }: Schema) =>
      void inner.field.push(field("inner", 3, Type.MESSAGE, { typeName: ".test.Inner" }));
    expect(fingerprintAfter(recursive)).not.toBe(unchanged);
  });
});

type Schema = ReturnType<typeof schema>;

function fingerprintAfter(change: (schema: Schema) => void): string {
  const changed = schema();
  change(changed);
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [changed.file] }));
  const method = registry.getService("test.Service")?.methods[0] as DescMethod;
  return schemaFingerprint(method).toString("hex");
}

function schema() {
  const inner = message("Inner", [field("size", 1, Type.INT32)]);
  const other = message("Other", [field("size", 1, Type.INT32)]);
  const entry = message("CountsEntry", [field("key", 1, Type.STRING), field("value", 2, Type.INT32)]);
  const request = message("Request", [
    field("name", 1, Type.STRING),
    field("inner", 2, Type.MESSAGE, { typeName: ".test.Inner" }),
    field("counts", 3, Type.MESSAGE, { typeName: ".test.Request.CountsEntry", label: Label.REPEATED }),
  ]);
  const response = message("Response", [field("inner", 1, Type.MESSAGE, { typeName: ".test.Inner" })]);
  const file = create(FileDescriptorProtoSchema, {
    name: "test.proto",
    package: "test",
    syntax: "proto3",
    messageType: [inner, other, { ...request, nestedType: [{ ...entry, options: { mapEntry: true } }] }, response],
    service: [
      { name: "Service", method: [{ name: "Method", inputType: ".test.Request", outputType: ".test.Response" }] },
    ],
  });
  const [innerMessage, otherMessage, requestMessage, responseMessage] = file.messageType as [
    DescriptorProto,
    DescriptorProto,
    DescriptorProto,
    DescriptorProto,
  ];
  const method = file.service[0]?.method[0];
  const entryMessage = requestMessage.nestedType[0];
  if (method === undefined || entryMessage === undefined) throw new Error("the schema has a method and a map");
  return {
    file,
    method,
    inner: innerMessage,
    other: otherMessage,
    request: requestMessage,
    response: responseMessage,
    entry: entryMessage,
  };
}

function message(name: string, fields: FieldDescriptorProto[]) {
  return { name, field: fields };
}

function field(
  name: string,
  number: number,
  type: Type,
  more: { typeName?: string; label?: Label } = {},
): FieldDescriptorProto {
  return create(FieldDescriptorProtoSchema, { name, number, type, label: Label.OPTIONAL, jsonName: name, ...more });
}

function set(of: DescriptorProto, name: string, change: Partial<Omit<FieldDescriptorProto, "$typeName">>): void {
  Object.assign(of.field.find((candidate) => candidate.name === name) ?? {}, change);
}
