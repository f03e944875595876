import { FieldDescriptorProto_Type as Type } from "@bufbuild/protobuf/wkt";
import type { FieldShape } from "../../gen/pinwire/direct/v1/schema_pb.js";

/** Types of which each can be read as any other of its line (https://protobuf.dev/programming-guides/proto3/#updating). */
const alike: readonly (readonly Type[])[] = [
  [Type.INT32, Type.UINT32, Type.INT64, Type.UINT64, Type.BOOL],
  [Type.ENUM, Type.INT32, Type.UINT32, Type.INT64, Type.UINT64],
  [Type.SINT32, Type.SINT64],
  [Type.FIXED32, Type.SFIXED32],
  [Type.FIXED64, Type.SFIXED64],
];

/** Whether what is written as one type can be read as the other. Messages of any two types are alike here. */
export function canRead(written: FieldShape, read: FieldShape): boolean {
  const [from, to] = [written.type as Type, read.type as Type];
  if (from === to) return from !== Type.ENUM || written.typeName === read.typeName;
  // Bytes hold any text and any message; not the other way round.
  if (to === Type.BYTES) return from === Type.STRING || from === Type.MESSAGE;
  return alike.some((line) => line.includes(from) && line.includes(to));
}

/** As a `.proto` names it. */
export function typeNameOf({ type, typeName, map, repeated }: FieldShape): string {
  const scalar = (Type[type] ?? "unknown").toLowerCase();
  const name = map ? "map" : typeName === "" ? scalar : type === Type.GROUP ? `group ${typeName}` : typeName;
  return repeated && !map ? `repeated ${name}` : name;
}
