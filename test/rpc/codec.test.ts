import { create, toBinary } from "@bufbuild/protobuf";
import { type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { RpcError } from "../../src/errors.js";
import { messageCodec, sizeLimit } from "../../src/rpc/codec.js";
import { Status } from "../../src/status.js";
import { thrown } from "../helpers/thrown.js";

/** A list in a list in a list: each is two messages deep. */
function nested(lists: number): Value {
  let value = create(ValueSchema, { kind: { case: "boolValue", value: true } });
  for (let i = 0; i < lists; i++)
    value = create(ValueSchema, { kind: { case: "listValue", value: { values: [value] } } });
  return value;
}

describe("messages", () => {
  const codec = messageCodec(ValueSchema, "request", sizeLimit(1_000_000, undefined));

  it("may be nested 100 deep, and no deeper", () => {
    expect(codec.decode(toBinary(ValueSchema, nested(49)))).toEqual(nested(49));
    const error = thrown(RpcError, () => codec.decode(toBinary(ValueSchema, nested(51))));
    expect(error).toMatchObject({
      status: Status.INVALID_ARGUMENT,
      code: "ERR_MESSAGE_MALFORMED",
      rawMessage: "the request is not a valid google.protobuf.Value",
    });
  });

  it("are as large as the smaller of two limits says, which the error names", () => {
    const bytes = (length: number) => new Uint8Array(length);
    const limits = [
      [sizeLimit(10, undefined), "the request has 11 bytes, the limit is 10 (maxMessageBytes)"],
      [sizeLimit(10, 20), "the request has 11 bytes, the limit is 10 (maxMessageBytes)"],
      [sizeLimit(20, 10), "the request has 11 bytes, the limit is 10 (of this method)"],
    ] as const;
    for (const [limit, rawMessage] of limits) {
      const limited = messageCodec(ValueSchema, "request", limit);
      // Ten bytes are no message, but not too many.
      expect(thrown(RpcError, () => limited.decode(bytes(10))).code).toBe("ERR_MESSAGE_MALFORMED");
      expect(thrown(RpcError, () => limited.decode(bytes(11)))).toMatchObject({
        status: Status.RESOURCE_EXHAUSTED,
        code: "ERR_MESSAGE_TOO_LARGE",
        rawMessage,
      });
    }
  });
});
