import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { metadataBlock } from "../../../scripts/direct-frames.js";
import { decodeMetadata as decode, encodeMetadata } from "../../../src/rpc/direct/metadata-block.js";
import { ProtocolViolation } from "../../../src/rpc/direct/violation.js";
import { Metadata } from "../../../src/rpc/metadata.js";

const decodeMetadata = (block: Buffer) => decode(block, 32 * 1024);

describe("metadata on the wire", () => {
  it("is each value with its key, in order", () => {
    const metadata = new Metadata()
      .append("trace", "one")
      .append("cart-bin", Buffer.from([0, 255, 128]))
      .append("trace", "")
      .append("empty-bin", Buffer.alloc(0));
    const block = encodeMetadata(metadata);
    expect(block).toEqual(
      metadataBlock(["trace", "one"], ["trace", ""], ["cart-bin", Buffer.from([0, 255, 128])], ["empty-bin", ""]),
    );
    expect([...decodeMetadata(block)]).toEqual([
      ["trace", "one"],
      ["trace", ""],
      ["cart-bin", Uint8Array.from([0, 255, 128])],
      ["empty-bin", new Uint8Array()],
    ]);
  });

  it("comes back as it went, whatever it is", () => {
    // With a letter before it, so that none is reserved.
    const key = fc.stringMatching(/^x[0-9a-z_.-]{0,40}$/);
    const entry = key.chain(
      (name): fc.Arbitrary<[string, string | Uint8Array]> =>
        fc.tuple(fc.constant(name), name.endsWith("-bin") ? fc.uint8Array() : fc.stringMatching(/^[ -~]*$/)),
    );
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const metadata = new Metadata();
        for (const [name, value] of entries) metadata.append(name, value);
        expect([...decodeMetadata(encodeMetadata(metadata))]).toEqual([...metadata]);
      }),
    );
  });

  it("does not keep the segment that it came in", () => {
    const block = metadataBlock(["key-bin", "bytes"]);
    const metadata = decodeMetadata(block);
    block.fill(0);
    expect(metadata.get("key-bin")).toEqual(new Uint8Array(Buffer.from("bytes")));
  });

  it("drops what gRPC reserves", () => {
    const block = metadataBlock(["grpc-timeout", "1S"], ["te", "trailers"], ["content-type", "x"], ["key", "value"]);
    expect([...decodeMetadata(block)]).toEqual([["key", "value"]]);
  });

  it.each([
    ["a length that leads beyond its end", metadataBlock(["key", "value"]).subarray(0, -1)],
    ["a length that leads beyond its end", Buffer.from([4, 0x6b, 0x65, 0x79])],
    [
      "a length that leads beyond its end",
      Buffer.concat([metadataBlock(["key", ""]).subarray(0, 4), Buffer.alloc(4, 255)]),
    ],
    ["a length that leads beyond its end", Buffer.from([3, 0x6b, 0x65, 0x79, 0, 0, 0])],
    ["a key that is none", metadataBlock(["", ""])],
    ["a key that is none", metadataBlock(["Key", ""])],
    ["a key that is none", metadataBlock([":path", "/"])],
    ["a key that is none", metadataBlock(["key\n", ""])],
    ["a key that is none", metadataBlock(["k\u00e4y", ""])],
    ["a text that is not printable ASCII", metadataBlock(["key", "tab\t"])],
    ["a text that is not printable ASCII", metadataBlock(["key", "end\n"])],
    ["a text that is not printable ASCII", metadataBlock(["key", "\u007f"])],
    ["a text that is not printable ASCII", metadataBlock(["key", Buffer.from([0xe4])])],
  ])("is refused with %s", (what, block) => {
    expect(() => decodeMetadata(block)).toThrow(new ProtocolViolation("BAD_METADATA", `metadata with ${what}`));
  });

  it("is refused when it is larger than the limit, by one byte", () => {
    const block = metadataBlock(["key", "value"]);
    expect(decode(block, block.length).get("key")).toBe("value");
    expect(() => decode(block, block.length - 1)).toThrow(
      new ProtocolViolation("METADATA_TOO_LARGE", "13 bytes of metadata; the limit is 12"),
    );
  });

  it("gives metadata or a violation for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeMetadata(Buffer.from(bytes));
        } catch (error) {
          expect(error).toMatchObject({ name: "ProtocolViolation", violation: "BAD_METADATA" });
        }
      }),
    );
  });
});
