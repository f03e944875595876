import { type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import { encoderOf } from "./compile-encoder.js";
import { lend } from "./lent-block.js";

/** Below this the detour costs more than it saves. */
const largeBytes = 16 * 1024;

/** `lent` says that the bytes are written once and by nobody kept, or not without `keep` of lent-block.ts. */
export type Encode = (message: Message, lent?: boolean) => Uint8Array;

/**
 * Encodes messages of one type. A large `bytes` field of the message itself is copied once, to where it belongs, instead of
 * through a buffer that grows and is then copied out: for a message that is little but such a field this is most of its
 * cost. Fields may come in any order on the wire (https://protobuf.dev/programming-guides/encoding/#order).
 */
export function messageEncoder(schema: DescMessage): Encode {
  const fields = schema.fields.filter(isPlainBytes);
  let encode: Encode | undefined;
  return (message, lent = false) => {
    if (fields.length > 0) {
      const large = fields.filter((field) => lengthOf(message, field) >= largeBytes);
      if (large.length > 0) return encodeApart(schema, message, large, lent);
    }
    encode ??= encoderOf(schema);
    return encode(message);
  };
}

function encodeApart(schema: DescMessage, message: Message, large: readonly DescField[], lent: boolean): Uint8Array {
  const rest = Object.assign(Object.create(Object.getPrototypeOf(message)), message) as Record<string, unknown>;
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const { localName, number } of large) {
    const value = rest[localName] as Uint8Array;
    // An empty value of such a field is not written.
    rest[localName] = new Uint8Array();
    const prefix = new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(value.length).finish();
    parts.push(prefix, value);
    length += prefix.length + value.length;
  }
  const others = encoderOf(schema)(rest as unknown as Message);
  const bytes = lent ? lend(others.length + length) : Buffer.allocUnsafeSlow(others.length + length);
  bytes.set(others);
  let at = others.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Implicit presence only: there an empty value is not written, so that leaving a field out needs no second way. */
function isPlainBytes(field: DescField): boolean {
  return (
    field.fieldKind === "scalar" &&
    field.scalar === ScalarType.BYTES &&
    field.oneof === undefined &&
    field.presence === Presence.IMPLICIT
  );
}

function lengthOf(message: Message, { localName }: DescField): number {
  const value = (message as unknown as Record<string, unknown>)[localName];
  return value instanceof Uint8Array ? value.length : 0;
}
