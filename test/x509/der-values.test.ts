import { describe, expect, test } from "vitest";
import {
  checkInteger,
  decodeAscii,
  decodeBoolean,
  decodeNamedBits,
  decodeOctetAlignedBits,
  decodeOid,
  decodeSmallInteger,
} from "../../src/x509/der-values.js";
import * as write from "../../src/x509/der-writer.js";
import { X509Error } from "../../src/x509/x509-error.js";
import { thrown } from "../helpers/thrown.js";

const bytes = (hex: string) => Buffer.from(hex.replaceAll(" ", ""), "hex");

describe("decodeBoolean", () => {
  test("knows DER's two values", () => {
    expect(decodeBoolean(bytes("ff"), "it")).toBe(true);
    expect(decodeBoolean(bytes("00"), "it")).toBe(false);
  });

  test.each(["", "01", "fe", "ffff"])("refuses %j, which BER reads as a boolean or not at all", (hex) => {
    expect(thrown(X509Error, () => decodeBoolean(bytes(hex), "it")).message).toBe("it: not a DER boolean");
  });
});

describe("integers", () => {
  test.each([
    ["00", 0],
    ["7f", 127],
    ["0080", 128],
    ["7fffffff", 2 ** 31 - 1],
  ])("%s is %i", (hex, value) => {
    expect(decodeSmallInteger(bytes(hex), "it")).toBe(value);
  });

  test.each([
    ["", "it: an integer without octets"],
    ["0001", "it: an integer with needless leading octets"],
    ["ff80", "it: an integer with needless leading octets"],
    ["ff", "it: negative"],
    ["0100000000", "it: too large"],
  ])("refuses %j", (hex, message) => {
    expect(thrown(X509Error, () => decodeSmallInteger(bytes(hex), "it")).message).toBe(message);
  });

  test("a large one keeps its octets", () => {
    expect(checkInteger(bytes("ff7f"), "it")).toEqual(bytes("ff7f"));
  });
});

describe("decodeOid", () => {
  test.each([
    ["2.5.29.15", "551d0f"],
    ["1.2.840.10045.4.3.2", "2a8648ce3d040302"],
    ["0.9", "09"],
    ["2.999.3", "883703"],
    // An arc of 128 bits (ITU-T X.667).
    ["2.25.329800735698586629295641978511506172918", "6983f09da7ebcfdee0c7a1a7b2c0948cc8f9d776"],
  ])("reads %s", (dotted, hex) => {
    expect(decodeOid(bytes(hex), "it")).toBe(dotted);
  });

  test("reads what node-forge writes", () => {
    const der = write.toDer(write.oid("1.3.6.1.4.1.55738.666.1"));
    expect(decodeOid(der.subarray(2), "it")).toBe("1.3.6.1.4.1.55738.666.1");
  });

  test.each([
    ["", "it: not an object identifier"],
    ["01".repeat(65), "it: not an object identifier"],
    ["558001", "it: an object identifier with needless octets"],
    ["5583", "it: an object identifier that is cut off"],
  ])("refuses %j", (hex, message) => {
    expect(thrown(X509Error, () => decodeOid(bytes(hex), "it")).message).toBe(message);
  });
});

describe("bit strings", () => {
  test("octets", () => {
    expect(decodeOctetAlignedBits(bytes("00 aabb"), "it")).toEqual(bytes("aabb"));
    expect(thrown(X509Error, () => decodeOctetAlignedBits(bytes("01 aa"), "it")).message).toBe(
      "it: a bit string that does not end with an octet",
    );
    expect(() => decodeOctetAlignedBits(bytes(""), "it")).toThrow(X509Error);
  });

  test.each([
    ["00", []],
    ["0780", [0]],
    ["0106", [5, 6]],
    ["070080", [8]],
  ])("named bits %s", (hex, bits) => {
    expect(decodeNamedBits(bytes(hex), "it")).toEqual(bits);
  });

  test.each([
    ["", "it: not a bit string"],
    ["0880", "it: not a bit string"],
    ["01", "it: not a bit string"],
    // Bits that do not count must be zero, and the last one that counts must not be.
    ["0781", "it: bits that DER leaves out"],
    ["0680", "it: bits that DER leaves out"],
    ["0000", "it: bits that DER leaves out"],
    ["008000", "it: bits that DER leaves out"],
  ])("refuses named bits %j", (hex, message) => {
    expect(thrown(X509Error, () => decodeNamedBits(bytes(hex), "it")).message).toBe(message);
  });
});

test.each(["\n", "\x00", "\x7f", "\x80", "\xff"])("decodeAscii refuses %j", (character) => {
  const content = Buffer.from(`a${character}b`, "latin1");
  expect(thrown(X509Error, () => decodeAscii(content, "it")).message).toBe(
    "it: a character that is not printable ASCII",
  );
});
