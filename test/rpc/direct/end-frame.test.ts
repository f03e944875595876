import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { metadataBlock } from "../../../scripts/direct-frames.js";
import { decodeEnd as decode, encodeEnd } from "../../../src/rpc/direct/end-frame.js";
import { ProtocolViolation } from "../../../src/rpc/direct/violation.js";
import { Metadata } from "../../../src/rpc/metadata.js";
import { Status } from "../../../src/status.js";

const maxMetadataBytes = 60;
const decodeEnd = (payload: Buffer) => decode(payload, maxMetadataBytes);

describe("the payload of END", () => {
  it("is one byte for a plain success", () => {
    expect(encodeEnd({ status: Status.OK, message: "" })).toEqual(Buffer.from([0]));
    expect(decodeEnd(Buffer.from([0]))).toEqual({ status: Status.OK, message: "" });
  });

  it("holds status, message and trailer", () => {
    const trailer = Metadata.from({ "retry-after": "5", "detail-bin": Uint8Array.of(1) });
    const payload = encodeEnd({ status: Status.NOT_FOUND, message: "näo", trailer });
    expect(payload).toEqual(
      Buffer.concat([
        Buffer.from([5, 0, 4]),
        Buffer.from("näo"),
        metadataBlock(["retry-after", "5"], ["detail-bin", Buffer.from([1])]),
      ]),
    );
    const { trailer: decoded, ...outcome } = decodeEnd(payload);
    expect(outcome).toEqual({ status: Status.NOT_FOUND, message: "näo" });
    expect([...(decoded ?? [])]).toEqual([...trailer]);
  });

  it("may have a trailer after success", () => {
    const trailer = Metadata.from({ key: "value" });
    expect(decodeEnd(encodeEnd({ status: Status.OK, message: "", trailer })).trailer?.get("key")).toBe("value");
  });

  it("has a message of at most 4 KiB, cut between characters", () => {
    const text = "€".repeat(2_000);
    const { message } = decodeEnd(encodeEnd({ status: Status.INTERNAL, message: text }));
    expect(message).toBe("€".repeat(1_365));
    expect(decodeEnd(encodeEnd({ status: Status.INTERNAL, message: "x".repeat(4_096) })).message).toHaveLength(4_096);
  });

  it("has well-formed text, whatever the message was", () => {
    expect(decodeEnd(encodeEnd({ status: Status.INTERNAL, message: "a\ud800b" })).message).toBe("a\ufffdb");
  });

  it.each([
    ["BAD_STATUS", "END with status undefined", Buffer.alloc(0)],
    ["BAD_STATUS", "END with status 17", Buffer.from([17])],
    ["BAD_STATUS", "END with status 255", Buffer.from([255, 0, 0])],
    ["BAD_PAYLOAD", "END with a message longer than itself", Buffer.from([0, 0])],
    ["BAD_PAYLOAD", "END with a message longer than itself", Buffer.from([0, 0, 1])],
    ["BAD_PAYLOAD", "END with a message longer than itself", Buffer.from([5, 255, 255, 1, 2, 3])],
    ["BAD_PAYLOAD", "END with a message of 4097 bytes", Buffer.concat([Buffer.from([5, 16, 1]), Buffer.alloc(4_097)])],
    ["METADATA_TOO_LARGE", "61 bytes of metadata; the limit is 60", Buffer.concat([Buffer.alloc(3), Buffer.alloc(61)])],
    ["BAD_METADATA", "metadata with a length that leads beyond its end", Buffer.from([5, 0, 1, 0x61, 3])],
  ] as const)("is refused: %s, %s", (violation, message, payload) => {
    expect(() => decodeEnd(payload)).toThrow(new ProtocolViolation(violation, message));
  });

  it("comes back as it went, whatever it is", () => {
    const outcome = fc.record({ status: fc.integer({ min: 0, max: 16 }), message: fc.string({ maxLength: 300 }) });
    fc.assert(
      fc.property(outcome, ({ status, message }) => {
        const sent = { status: status as Status, message: message.toWellFormed() };
        expect(decodeEnd(encodeEnd(sent))).toEqual(sent);
      }),
    );
  });
});
