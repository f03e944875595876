import { ScalarType } from "@bufbuild/protobuf";
import type { SlabWriter } from "./slab-writer.js";

/** Thrown to leave a message to protobuf-es. */
export const unusual = new Error("left to protobuf-es");

const float32Max = 3.402_823_466_385_288_6e38;

/**
 * How the value of each scalar type is written, without its tag.
 *
 * @throws unusual when the value is not of the type: protobuf-es has the right error for it
 */
export const scalarWriters: Readonly<Record<ScalarType, (value: never, writer: SlabWriter) => void>> = {
  [ScalarType.STRING]: (value: unknown, writer) => {
    if (typeof value !== "string") throw unusual;
    writer.string(value);
  },
  [ScalarType.BYTES]: (value: unknown, writer) => {
    if (!(value instanceof Uint8Array)) throw unusual;
    writer.raw(value);
  },
  [ScalarType.BOOL]: (value: unknown, writer) => {
    if (typeof value !== "boolean") throw unusual;
    writer.varint(value ? 1 : 0);
  },
  [ScalarType.INT32]: (value: number, writer) => {
    if (!isInt32(value)) throw unusual;
    if (value >= 0) writer.varint(value);
    else writer.varint64(value, -1);
  },
  [ScalarType.UINT32]: (value: number, writer) => {
    if (value >>> 0 !== value) throw unusual;
    writer.varint(value);
  },
  [ScalarType.SINT32]: (value: number, writer) => {
    if (!isInt32(value)) throw unusual;
    writer.varint(((value << 1) ^ (value >> 31)) >>> 0);
  },
  [ScalarType.FIXED32]: (value: number, writer) => {
    if (value >>> 0 !== value) throw unusual;
    writer.ensure(4);
    writer.at = writer.bytes.writeUInt32LE(value, writer.at);
  },
  [ScalarType.SFIXED32]: (value: number, writer) => {
    if (!isInt32(value)) throw unusual;
    writer.ensure(4);
    writer.at = writer.bytes.writeInt32LE(value, writer.at);
  },
  [ScalarType.FLOAT]: (value: number, writer) => {
    if (typeof value !== "number" || (Number.isFinite(value) && Math.abs(value) > float32Max)) throw unusual;
    writer.ensure(4);
    writer.at = writer.bytes.writeFloatLE(value, writer.at);
  },
  [ScalarType.DOUBLE]: (value: number, writer) => {
    if (typeof value !== "number") throw unusual;
    writer.ensure(8);
    writer.at = writer.bytes.writeDoubleLE(value, writer.at);
  },
  [ScalarType.INT64]: (value: bigint, writer) => {
    if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) throw unusual;
    writer.varint64(Number(BigInt.asIntN(32, value)), Number(value >> 32n));
  },
  [ScalarType.UINT64]: (value: bigint, writer) => {
    if (typeof value !== "bigint" || BigInt.asUintN(64, value) !== value) throw unusual;
    writer.varint64(Number(BigInt.asUintN(32, value)), Number(value >> 32n));
  },
  [ScalarType.SINT64]: (value: bigint, writer) => {
    if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) throw unusual;
    const zigzag = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    writer.varint64(Number(BigInt.asUintN(32, zigzag)), Number(zigzag >> 32n));
  },
  [ScalarType.FIXED64]: (value: bigint, writer) => {
    if (typeof value !== "bigint" || BigInt.asUintN(64, value) !== value) throw unusual;
    writer.ensure(8);
    writer.at = writer.bytes.writeBigUInt64LE(value, writer.at);
  },
  [ScalarType.SFIXED64]: (value: bigint, writer) => {
    if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) throw unusual;
    writer.ensure(8);
    writer.at = writer.bytes.writeBigInt64LE(value, writer.at);
  },
};

function isInt32(value: number): boolean {
  return (value | 0) === value;
}
