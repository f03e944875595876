import {
  create,
  createFileRegistry,
  type DescFile,
  type DescMessage,
  getOption,
  type MessageInitShape,
  setExtension,
} from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorSetSchema, MessageOptionsSchema } from "@bufbuild/protobuf/wkt";
import {
  type FieldRules,
  field as fieldOption,
  type MessageRules,
  MessageRulesSchema,
  message as messageOption,
  oneof as oneofOption,
  predefined as predefinedOption,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { reachableMessages } from "../rpc/reachable-messages.js";
import { withImports } from "../rpc/with-imports.js";

type Cel = Pick<MessageInitShape<typeof MessageRulesSchema>, "cel" | "celExpression">;

/**
 * An empty message type for each CEL expression in the rules of a message and of all that it can hold. protovalidate compiles
 * a rule of its own accord, but says that it is wrong only when a message comes that it applies to; validating an empty
 * message of these types makes it say so. (That the expression then fails for want of fields means nothing.)
 *
 * @throws Error when the rules of a message, a field or a oneof cannot be read
 */
export function celProbes(message: DescMessage): DescMessage[] {
  const rules = [...celOf(message), ...predefinedCel(message.file)];
  const name = (index: number) => `Probe${index}`;
  const messageType = rules.map((cel, index) => ({ name: name(index), options: optionsWith(cel) }));
  const file = [{ name: "probe.proto", package: "probe", syntax: "proto3", messageType }];
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }));
  return rules.map((_, index) => registry.getMessage(`probe.${name(index)}`)).filter((probe) => probe !== undefined);
}

function optionsWith(cel: Cel) {
  const options = create(MessageOptionsSchema);
  setExtension(options, messageOption, create(MessageRulesSchema, cel));
  return options;
}

function celOf(root: DescMessage): Cel[] {
  const found: Cel[] = [];
  for (const message of reachableMessages(root)) {
    found.push(...each(getOption(message, messageOption)));
    for (const field of message.fields) found.push(...fieldCel(getOption(field, fieldOption)));
    // These have no expressions; but what cannot be read is to show now, too.
    for (const oneof of message.oneofs) getOption(oneof, oneofOption);
  }
  return found;
}

/** Rules that files define for others to use; a field that uses one has no expression of its own. */
function predefinedCel(root: DescFile): Cel[] {
  const found: Cel[] = [];
  for (const file of withImports(root)) {
    for (const type of nestedTypes(file)) {
      if (type.kind !== "extension") continue;
      found.push(...getOption(type, predefinedOption).cel.map((rule) => ({ cel: [rule] })));
    }
  }
  return found;
}

/** The rules of a list and of a map hold those of what is in it. */
function fieldCel(rules: FieldRules): Cel[] {
  const { type } = rules;
  const inner = type.case === "repeated" ? [type.value.items] : [];
  if (type.case === "map") inner.push(type.value.keys, type.value.values);
  return [...each(rules), ...inner.filter((it) => it !== undefined).flatMap(fieldCel)];
}

function each({ cel, celExpression }: Pick<MessageRules | FieldRules, "cel" | "celExpression">): Cel[] {
  return [
    ...cel.map((rule) => ({ cel: [rule] })),
    ...celExpression.map((expression) => ({ celExpression: [expression] })),
  ];
}
