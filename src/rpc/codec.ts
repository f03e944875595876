import { create, type DescMessage, fromBinary, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import { RpcError } from "../errors.js";
import { Status } from "../status.js";
import { messageEncoder } from "./encode-message.js";

/** Nesting deeper than this is refused; protobuf's own implementations agree on 100. */
export const recursionLimit = 100;

/** Messages of one type, to and from bytes, within a size limit in both directions. */
export interface Codec {
  /**
   * `lent` as in encode-message.ts.
   *
   * @throws RpcError RESOURCE_EXHAUSTED `ERR_MESSAGE_TOO_LARGE`, or whatever protobuf-es says of a wrong field
   */
  encode(init: unknown, lent?: boolean): { message: Message; bytes: Uint8Array };
  /**
   * @throws RpcError RESOURCE_EXHAUSTED `ERR_MESSAGE_TOO_LARGE`; `ERR_MESSAGE_MALFORMED` with INVALID_ARGUMENT for a
   * request, INTERNAL for a response: who sent it is to blame
   */
  decode(bytes: Uint8Array): Message;
}

/** The largest message, and what says so. */
export interface SizeLimit {
  readonly maxBytes: number;
  readonly setBy: string;
}

/** A method's own limit counts where it is below the one for all messages. */
export function sizeLimit(maxMessageBytes: number, ofMethod: number | undefined): SizeLimit {
  return ofMethod === undefined || ofMethod >= maxMessageBytes
    ? { maxBytes: maxMessageBytes, setBy: "maxMessageBytes" }
    : { maxBytes: ofMethod, setBy: "of this method" };
}

/** `noun` is what the error messages call it: "request" or "response". */
export function messageCodec(schema: DescMessage, noun: "request" | "response", limit: SizeLimit): Codec {
  const encode = messageEncoder(schema);
  const { maxBytes } = limit;
  return {
    encode(init, lent) {
      const message = create(schema, init as MessageInitShape<DescMessage>);
      const bytes = encode(message, lent);
      if (bytes.length > maxBytes) throw tooLarge(noun, bytes.length, limit);
      return { message, bytes };
    },
    decode(bytes) {
      if (bytes.length > maxBytes) throw tooLarge(noun, bytes.length, limit);
      try {
        // Unknown fields are dropped: kept, 4 MB of them become two million objects.
        return fromBinary(schema, asPlainBytes(bytes), { readUnknownFields: false, recursionLimit });
      } catch (cause) {
        throw new RpcError(
          noun === "request" ? Status.INVALID_ARGUMENT : Status.INTERNAL,
          `the ${noun} is not a valid ${schema.typeName}`,
          {
            code: "ERR_MESSAGE_MALFORMED",
            cause,
          },
        );
      }
    },
  };
}

/** What a message has in its bytes fields are views of this; a Buffer's slice() would surprise whoever expects a Uint8Array. */
function asPlainBytes(bytes: Uint8Array): Uint8Array {
  return Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
}

function tooLarge(noun: string, length: number, { maxBytes, setBy }: SizeLimit): RpcError {
  return new RpcError(
    Status.RESOURCE_EXHAUSTED,
    `the ${noun} has ${length} bytes, the limit is ${maxBytes} (${setBy})`,
    { code: "ERR_MESSAGE_TOO_LARGE" },
  );
}
