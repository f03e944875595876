import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { EchoRequestSchema } from "../../bench/gen/pinwire/bench/v1/bench_pb.js";
import { SayHelloRequestSchema } from "../../src/gen/hello/v1/greeter_pb.js";
import { messageEncoder } from "../../src/rpc/encode-message.js";

describe("messageEncoder", () => {
  const encode = messageEncoder(EchoRequestSchema);

  it.each([0, 1, 16_383, 16_384, 16_385, 1_000_000])("encodes %i bytes to what decodes to the same", (length) => {
    const message = create(EchoRequestSchema, { payload: new Uint8Array(length).fill(7) });
    const bytes = encode(message);
    expect(fromBinary(EchoRequestSchema, Uint8Array.from(bytes))).toEqual(message);
    expect(Buffer.compare(bytes, toBinary(EchoRequestSchema, message))).toBe(0);
  });

  it("keeps no view of what the caller may change next", () => {
    const payload = new Uint8Array(100_000).fill(1);
    const bytes = encode(create(EchoRequestSchema, { payload }));
    payload.fill(2);
    expect(fromBinary(EchoRequestSchema, bytes).payload.every((byte) => byte === 1)).toBe(true);
  });

  it("leaves the message as it was", () => {
    const message = create(EchoRequestSchema, { payload: new Uint8Array(100_000) });
    encode(message);
    expect(message.payload).toHaveLength(100_000);
  });

  it("encodes messages without bytes as ever", () => {
    const message = create(SayHelloRequestSchema, { name: "x".repeat(100_000) });
    expect(
      Buffer.compare(messageEncoder(SayHelloRequestSchema)(message), toBinary(SayHelloRequestSchema, message)),
    ).toBe(0);
  });
});
