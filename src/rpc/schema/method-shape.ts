import { create, type DescField, type DescMessage, type DescMethod, type MessageInitShape } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence as Presence, FieldDescriptorProto_Type as Type } from "@bufbuild/protobuf/wkt";
import {
  type DescribeMethodResponse,
  DescribeMethodResponseSchema,
  type FieldShapeSchema,
  type MessageShapeSchema,
} from "../../gen/pinwire/direct/v1/schema_pb.js";
import { reachableMessages } from "../reachable-messages.js";
import { streamsRequests, streamsResponses } from "../streaming.js";

type FieldInit = MessageInitShape<typeof FieldShapeSchema>;
type MessageInit = MessageInitShape<typeof MessageShapeSchema>;

const known = new WeakMap<DescMethod, DescribeMethodResponse>();

/** What the messages of a method look like on the wire, without everything that does not matter there. */
export function methodShape(method: DescMethod): DescribeMethodResponse {
  let shape = known.get(method);
  if (shape === undefined) {
    shape = describe(method);
    known.set(method, shape);
  }
  return shape;
}

function describe(method: DescMethod): DescribeMethodResponse {
  const { input, output } = method;
  const messages: MessageInit[] = [];
  for (const message of reachableMessages(input, output)) {
    messages.push({ name: message.typeName, fields: message.fields.map(fieldShape) });
    for (const field of message.fields) if (field.fieldKind === "map") messages.push(entryShape(field));
  }
  return create(DescribeMethodResponseSchema, {
    clientStreaming: streamsRequests(method),
    serverStreaming: streamsResponses(method),
    input: input.typeName,
    output: output.typeName,
    messages,
  });
}

function fieldShape(field: DescField): FieldInit {
  const { number, name, fieldKind } = field;
  const repeated = fieldKind === "list" || fieldKind === "map";
  const required = field.presence === Presence.LEGACY_REQUIRED;
  if (fieldKind === "map") return { number, name, type: Type.MESSAGE, typeName: entryName(field), repeated, map: true };
  return { number, name, ...typeOf(field), repeated, required };
}

function typeOf(field: DescField): Pick<FieldInit, "type" | "typeName"> {
  if (field.message !== undefined) {
    const delimited = "delimitedEncoding" in field && field.delimitedEncoding;
    return { type: delimited ? Type.GROUP : Type.MESSAGE, typeName: field.message.typeName };
  }
  if (field.enum !== undefined) return { type: Type.ENUM, typeName: field.enum.typeName };
  // protobuf-es numbers scalar types as descriptors do.
  return { type: field.scalar };
}

/** A map is a list of entries on the wire (https://protobuf.dev/programming-guides/encoding/#maps). */
function entryShape(field: DescField & { fieldKind: "map" }): MessageInit {
  const value: DescMessage | undefined = field.message;
  const valueType =
    value !== undefined
      ? { type: Type.MESSAGE, typeName: value.typeName }
      : { type: field.scalar ?? Type.ENUM, typeName: field.enum?.typeName ?? "" };
  return {
    name: entryName(field),
    fields: [
      { number: 1, name: "key", type: field.mapKey },
      { number: 2, name: "value", ...valueType },
    ],
  };
}

/** No name of protobuf has a `#` in it, so this is nobody else's. */
function entryName({ parent, number }: DescField): string {
  return `${parent?.typeName}#${number}`;
}
