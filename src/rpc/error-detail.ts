import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { ErrorDetail } from "../error-detail.js";
import { recursionLimit } from "./codec.js";

/**
 * A detail for an `RpcError`, of any message type. It is encoded here, so that what cannot travel fails where it is made.
 *
 * @example throw new RpcError(Status.INVALID_ARGUMENT, "no such colour", {
 *   details: [errorDetail(BadRequestSchema, { fieldViolations: [{ field: "colour", description: "red or blue" }] })],
 * });
 */
export function errorDetail<S extends DescMessage>(schema: S, init: MessageInitShape<S>): ErrorDetail {
  return encodedDetail(schema.typeName, toBinary(schema, create(schema, init)));
}

/** A detail as it travels. */
export function encodedDetail(typeName: string, value: Uint8Array): ErrorDetail {
  return { typeName, value, as: (schema) => (schema.typeName === typeName ? decoded(schema, value) : undefined) };
}

function decoded<S extends DescMessage>(schema: S, value: Uint8Array): MessageShape<S> | undefined {
  try {
    return fromBinary(schema, value, { readUnknownFields: false, recursionLimit });
  } catch {
    // Whoever reads an error must not get another one instead.
    return undefined;
  }
}
