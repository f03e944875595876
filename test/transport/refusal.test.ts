import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRefusal, refusalBytes } from "../../src/transport/refusal.js";

const refusal = { kind: "refused", reference: "0123456789ab" } as const;

describe("a refusal in HTTP/2", () => {
  it("is an empty SETTINGS frame and a GOAWAY frame, byte for byte", () => {
    const text = "pinwire: connection refused, reference 0123456789ab";
    expect(refusalBytes("h2", refusal)).toEqual(
      Buffer.concat([
        Buffer.from("000000 04 00 00000000".replaceAll(" ", ""), "hex"),
        Buffer.from("00003b 07 00 00000000 00000000 0000000c".replaceAll(" ", ""), "hex"),
        Buffer.from(text),
      ]),
    );
    expect(8 + text.length).toBe(0x3b);
  });

  it("is nothing in another protocol", () => {
    for (const protocol of ["http/1.1", "", false, null] as const)
      expect(refusalBytes(protocol, refusal)).toBeUndefined();
  });

  it.each(["refused", "busy"] as const)("is recognised, kind %s", (kind) => {
    const bytes = refusalBytes("h2", { ...refusal, kind });
    expect(bytes && parseRefusal("h2", bytes)).toEqual({ ...refusal, kind });
  });

  it("is not seen in anything else", () => {
    const bytes = refusalBytes("h2", refusal) ?? Buffer.alloc(0);
    expect(parseRefusal("h2", Buffer.alloc(0))).toBeUndefined();
    expect(parseRefusal("h2", bytes.subarray(0, 9))).toBeUndefined();
    for (const [index, value] of bytes.entries()) {
      const changed = Buffer.from(bytes);
      changed[index] = value ^ 0x80;
      expect(parseRefusal("h2", changed), `byte ${index}`).toBeUndefined();
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (other) => parseRefusal("h2", other) === undefined));
  });

  it("takes only a reference that is safe to print", () => {
    const bytes = refusalBytes("h2", { kind: "refused", reference: "ab\u001b[31m" });
    expect(bytes && parseRefusal("h2", bytes)).toBeUndefined();
  });
});

describe("a refusal in the direct protocol", () => {
  it.each([
    ["refused", "fe"],
    ["busy", "ff"],
  ] as const)("is a GOAWAY frame, byte for byte: %s", (kind, code) => {
    const text = "pinwire: connection refused, reference 0123456789ab";
    const head = Buffer.from(`00000038 09 00 00000000 00000000 ${code}`.replaceAll(" ", ""), "hex");
    const bytes = refusalBytes("pinwire/1", { ...refusal, kind });
    expect(bytes).toEqual(Buffer.concat([head, Buffer.from(text)]));
    expect(bytes && parseRefusal("pinwire/1", bytes)).toEqual({ ...refusal, kind });
    expect(bytes && parseRefusal("h2", bytes)).toBeUndefined();
  });
});
