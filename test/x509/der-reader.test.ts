import { describe, expect, test } from "vitest";
import { DerReader, Tag } from "../../src/x509/der-reader.js";
import { X509Error } from "../../src/x509/x509-error.js";
import { tlv } from "../helpers/der.js";
import { thrown } from "../helpers/thrown.js";

const bytes = (hex: string) => Buffer.from(hex.replaceAll(" ", ""), "hex");
const refusal = (hex: string, tag: number = Tag.OCTET_STRING) => {
  return thrown(X509Error, () => DerReader.only(bytes(hex), tag, "it")).message;
};

describe("DerReader", () => {
  test.each([0, 1, 127, 128, 255, 256, 65_535, 65_536])("reads a value of %i octets", (length) => {
    const content = Buffer.alloc(length, 7);
    const der = tlv(Tag.OCTET_STRING, content);
    expect(DerReader.only(der, Tag.OCTET_STRING, "it")).toEqual({ tag: Tag.OCTET_STRING, content, der });
  });

  test("reads values one after the other", () => {
    const reader = new DerReader(bytes("0101ff 020105"));
    expect(reader.readOptional(Tag.INTEGER, "it")).toBeUndefined();
    expect(reader.read(Tag.BOOLEAN, "it").content).toEqual(bytes("ff"));
    expect(reader.nextTag).toBe(Tag.INTEGER);
    expect(reader.readAny("it").der).toEqual(bytes("020105"));
    expect(reader.atEnd).toBe(true);
    expect(reader.nextTag).toBeUndefined();
  });

  test.each([
    ["nothing at all", "", "it: tag 0x04 expected, found nothing"],
    ["another tag", "0500", "it: tag 0x04 expected, found tag 0x05"],
    ["the constructed form", "2403 040101", "it: tag 0x04 expected, found tag 0x24"],
    ["a byte after it", "0400 00", "it: 1 unexpected bytes at the end"],
    ["a tag alone", "04", "it: cut off"],
    ["a length that is cut off", "0482 01", "it: cut off"],
    ["a content that is cut off", "0402 01", "it: longer than what contains it"],
    ["an indefinite length", "0480 01 0000", "it: indefinite length"],
    ["one length octet too many", "048101 01", "it: its length is not encoded in the fewest octets"],
    ["two length octets too many", "04820001 01", "it: its length is not encoded in the fewest octets"],
    ["three length octets too many", "0483000001 01", "it: its length is not encoded in the fewest octets"],
    ["a length of four octets", "0484000000 01 01", "it: longer than what contains it"],
    ["a length that wraps around 32 bits", "0485 0100000001 01", "it: longer than what contains it"],
    ["a length of 127 octets", `04ff ${"01".repeat(127)}`, "it: longer than what contains it"],
  ])("refuses %s", (_, hex, message) => {
    expect(refusal(hex)).toBe(message);
  });

  test("refuses a tag of several octets", () => {
    expect(refusal("1f8101 01 00", 0x1f)).toBe("it: a tag of several octets is not used in X.509");
  });
});
