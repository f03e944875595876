import { create, toBinary } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import type { Answer, Question } from "../../src/cli/schema/ask-reflection.js";
import { ReflectedSchema } from "../../src/cli/schema/reflected-schema.js";
import {
  FileDescriptorResponseSchema,
  ListServiceResponseSchema,
} from "../../src/gen/grpc/reflection/v1/reflection_pb.js";

/** A file with one message, `NAME`, that has a field of each of these types. */
function file(path: string, name: string, dependency: readonly string[] = [], types: readonly string[] = []) {
  const field = types.map((typeName, index) => {
    return {
      name: `f${index}`,
      number: index + 1,
      type: Type.MESSAGE,
      label: Label.OPTIONAL,
      typeName: `.${typeName}`,
    };
  });
  return create(FileDescriptorProtoSchema, {
    name: path,
    syntax: "proto3",
    dependency: [...dependency],
    messageType: [{ name, field }],
  });
}

/** A server that has these files, and answers with no more than it is asked for. */
function serverWith(files: readonly FileDescriptorProto[]) {
  const asked: string[] = [];
  const ask = async ({ case: kind, value }: Question): Promise<Answer | undefined> => {
    asked.push(value);
    const found = files.find(({ name, messageType }) =>
      kind === "fileByFilename" ? name === value : messageType.some((message) => message.name === value),
    );
    return found && fileAnswer(toBinary(FileDescriptorProtoSchema, found));
  };
  return { asked, schema: new ReflectedSchema({ ask }) };
}

function fileAnswer(...fileDescriptorProto: Uint8Array[]): Answer {
  return { case: "fileDescriptorResponse", value: create(FileDescriptorResponseSchema, { fileDescriptorProto }) };
}

describe("ReflectedSchema", () => {
  it("asks for a file and for what it imports, each once", async () => {
    const { schema, asked } = serverWith([
      file("a.proto", "A", ["b.proto", "c.proto"], ["B", "C"]),
      file("b.proto", "B", ["d.proto"], ["D"]),
      file("c.proto", "C", ["d.proto", "b.proto"], ["D", "B"]),
      file("d.proto", "D"),
    ]);
    expect(await schema.find("A")).toMatchObject({ kind: "message", typeName: "A" });
    expect(await schema.find("D")).toMatchObject({ kind: "message", typeName: "D" });
    expect(asked.sort()).toEqual(["A", "b.proto", "c.proto", "d.proto"]);
    expect(await schema.find("Nothing")).toBeUndefined();
    expect(await schema.find("A/Method")).toBeUndefined();
  });

  it("knows the files that everybody has when the server leaves them out", async () => {
    const { schema } = serverWith([file("a.proto", "A", ["google/protobuf/any.proto"], ["google.protobuf.Any"])]);
    expect(await schema.find("A")).toMatchObject({ typeName: "A" });
  });

  for (const [what, files, reason] of [
    ["lacks an import", [file("a.proto", "A", ["b.proto"])], 'it does not have "b.proto", which "a.proto" imports'],
    [
      "imports itself by a detour",
      [file("a.proto", "A", ["b.proto"]), file("b.proto", "B", ["a.proto"])],
      /Cannot find [ab].proto, imported by [ab].proto/,
    ],
    ["names a type that is nowhere", [file("a.proto", "A", [], ["x.Y"])], "type_name .x.Y not found"],
    [
      "names a thing as no compiler lets through",
      [file("a.proto", "A"), file("b.proto", "B\u001b[2J")].map((each) => ({
        ...each,
        messageType: [{ ...file("", "A").messageType[0], name: "A\u001b[2J" }, ...each.messageType],
      })) as FileDescriptorProto[],
      "invalid message name",
    ],
  ] as const) {
    it(`refuses what ${what}`, async () => {
      const { schema } = serverWith(files);
      await expect(schema.find("A")).rejects.toMatchObject({ name: "ConfigError", code: "ERR_SCHEMA_INCOMPLETE" });
      await expect(serverWith(files).schema.find("A")).rejects.toThrow(reason);
    });
  }

  it("refuses bytes that are no descriptor, answers to another question, and files without end", async () => {
    const answers = (answer: Answer) => new ReflectedSchema({ ask: async () => answer });
    await expect(answers(fileAnswer(new Uint8Array([255]))).find("A")).rejects.toMatchObject({
      code: "ERR_SCHEMA_INCOMPLETE",
      problem: expect.stringContaining("not a FileDescriptorProto"),
    });
    const list: Answer = { case: "listServicesResponse", value: create(ListServiceResponseSchema) };
    await expect(answers(list).find("A")).rejects.toThrow(
      "was asked for a file and answered with listServicesResponse",
    );
    await expect(answers(fileAnswer()).serviceNames()).rejects.toThrow("was asked for a list of services");
    await expect(answers({ case: undefined }).serviceNames()).rejects.toThrow("answered with nothing");
    let count = 0;
    const endless = async () => {
      const files = Array.from({ length: 1_000 }, () => file(`${count++}.proto`, "A", [`${count + 1_000}.proto`]));
      return fileAnswer(...files.map((each) => toBinary(FileDescriptorProtoSchema, each)));
    };
    await expect(new ReflectedSchema({ ask: endless }).find("A")).rejects.toThrow(
      /more than 10000 files|does not have/,
    );
    const large = toBinary(FileDescriptorProtoSchema, file("x".repeat(33 * 1024 * 1024), "A"));
    await expect(answers(fileAnswer(large, large)).find("A")).rejects.toThrow("it has more than 67108864 bytes");
  });
});
