import type { DescMessage, MessageShape } from "@bufbuild/protobuf";

/**
 * One detail of an error: a protobuf message that travels with a failed call. Made with `errorDetail()` of
 * `pinwire/error-details`, or received. (The types only: errors must not load protobuf.)
 */
export interface ErrorDetail {
  /** The full name of the message's type: `google.rpc.BadRequest`. */
  readonly typeName: string;
  /** The message, encoded. */
  readonly value: Uint8Array;
  /** The message; undefined when it is of another type, or not what it says. */
  as<S extends DescMessage>(schema: S): MessageShape<S> | undefined;
}
