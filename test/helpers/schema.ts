import {
  create,
  createFileRegistry,
  type DescService,
  type Message,
  type MessageInitShape,
  setExtension,
} from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import {
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  type FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  MessageOptionsSchema,
  OneofOptionsSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import {
  FieldRulesSchema,
  field as fieldRules,
  MessageRulesSchema,
  message as messageRules,
  OneofRulesSchema,
  oneof as oneofRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

// Schemas as `protoc` would make them, without files: what a test is about stands in the test.

export { Label, Type };

/** A service of some files, each of which may import those before it. */
export function serviceOf(
  name: string,
  ...files: readonly MessageInitShape<typeof FileDescriptorProtoSchema>[]
): DescService {
  const file = files.map((init, i) => ({
    name: `file${i}.proto`,
    syntax: "proto3",
    dependency: files.slice(0, i).map((_, j) => `file${j}.proto`),
    ...init,
  }));
  const service = createFileRegistry(create(FileDescriptorSetSchema, { file: file as never })).getService(name);
  if (service === undefined) throw new Error(`there is no service ${name}`);
  return service;
}

/** A field of a message. `type` is a scalar type, or the full name of a message with a dot before it. */
export function field(
  name: string,
  number: number,
  type: Type | string,
  more: Omit<MessageInitShape<typeof FieldDescriptorProtoSchema>, "$typeName" | "$unknown"> = {},
): FieldDescriptorProto {
  const typed = typeof type === "string" ? { type: Type.MESSAGE, typeName: type } : { type };
  return create(FieldDescriptorProtoSchema, { name, number, label: Label.OPTIONAL, jsonName: name, ...typed, ...more });
}

/** Puts something in the place of an option that is none: its length is more than there is. */
export function unreadable<Options extends Message>(options: Options, no: number): { options: Options } {
  options.$unknown = [{ no, wireType: WireType.LengthDelimited, data: Uint8Array.of(5, 10) }];
  return { options };
}

/** Options of a field with rules of `buf.validate`. */
export function rules(init: MessageInitShape<typeof FieldRulesSchema>) {
  const options = create(FieldOptionsSchema);
  setExtension(options, fieldRules, create(FieldRulesSchema, init));
  return { options };
}

export function rulesOfMessage(init: MessageInitShape<typeof MessageRulesSchema>) {
  const options = create(MessageOptionsSchema);
  setExtension(options, messageRules, create(MessageRulesSchema, init));
  return { options };
}

export function rulesOfOneof(init: MessageInitShape<typeof OneofRulesSchema>) {
  const options = create(OneofOptionsSchema);
  setExtension(options, oneofRules, create(OneofRulesSchema, init));
  return { options };
}
