import { describe, expect, test } from "vitest";
import { DerReader, Tag } from "../../src/x509/der-reader.js";
import { checkName, comparableRdns, describeName, isEmptyName } from "../../src/x509/distinguished-name.js";
import { encodeName } from "../../src/x509/encode-name.js";
import { X509Error } from "../../src/x509/x509-error.js";
import { tlv } from "../helpers/der.js";
import { thrown } from "../helpers/thrown.js";

const attribute = (oid: string, tag: number, value: Buffer) => {
  return tlv(0x30, tlv(0x06, Buffer.from(oid, "hex")), tlv(tag, value));
};
const commonName = (tag: number, value: Buffer) => tlv(0x30, tlv(0x31, attribute("550403", tag, value)));

const utf32 = (text: string) =>
  Buffer.from(text, "utf16le")
    .swap16()
    .toString("hex")
    .replace(/(.{4})/g, "0000$1");

describe("names", () => {
  test("are described for people", () => {
    expect(describeName(encodeName({ organization: "local.test", commonName: "pinwire CA" }))).toBe(
      "O=local.test, CN=pinwire CA",
    );
    expect(describeName(encodeName({}))).toBe("no name");
    expect(isEmptyName(encodeName({}))).toBe(true);
    expect(isEmptyName(encodeName({ commonName: "" }))).toBe(false);
  });

  test("cannot forge a line or an attribute in a log", () => {
    expect(describeName(encodeName({ commonName: "a\nb, O=c\u202e" }))).toBe("CN=a?b? O?c?");
  });

  test("of equal text in different string types are comparable", () => {
    const utf8 = comparableRdns(commonName(Tag.UTF8_STRING, Buffer.from("Évil  Corp ")));
    const bmp = comparableRdns(commonName(Tag.BMP_STRING, Buffer.from("évil corp", "utf16le").swap16()));
    const universal = comparableRdns(commonName(Tag.UNIVERSAL_STRING, Buffer.from(utf32("évil corp"), "hex")));
    const teletex = comparableRdns(commonName(Tag.TELETEX_STRING, Buffer.from("ÉVIL CORP", "latin1")));
    expect(bmp).toEqual(utf8);
    expect(universal).toEqual(utf8);
    expect(teletex).toEqual(utf8);
    expect(comparableRdns(commonName(Tag.PRINTABLE_STRING, Buffer.from("evil corp")))).not.toEqual(utf8);
  });

  test("with several attributes in one RDN are comparable in any order", () => {
    const a = attribute("550403", Tag.UTF8_STRING, Buffer.from("a"));
    const b = attribute("55040a", Tag.UTF8_STRING, Buffer.from("b"));
    expect(comparableRdns(tlv(0x30, tlv(0x31, a, b)))).toEqual(comparableRdns(tlv(0x30, tlv(0x31, b, a))));
    expect(comparableRdns(tlv(0x30, tlv(0x31, a, b)))).not.toEqual(
      comparableRdns(tlv(0x30, tlv(0x31, a), tlv(0x31, b))),
    );
  });

  test("cannot pretend to be several by the text of one", () => {
    const plain = comparableRdns(encodeName({ commonName: 'a"]+["2.5.4.10","b' }));
    const a = attribute("550403", Tag.UTF8_STRING, Buffer.from("a"));
    const b = attribute("55040a", Tag.UTF8_STRING, Buffer.from("b"));
    expect(plain).not.toEqual(comparableRdns(tlv(0x30, tlv(0x31, a, b))));
  });

  test.each([
    ["no text", Tag.BIT_STRING, "0001", "it: tag 0x03 is not text"],
    ["half a character", Tag.UTF8_STRING, "c3", "it: tag 0x0c is not text"],
    ["half a character of two octets", Tag.BMP_STRING, "006100", "it: tag 0x1e is not text"],
    ["half a character of four octets", Tag.UNIVERSAL_STRING, "000000", "it: tag 0x1c is not text"],
    ["no character at all", Tag.UNIVERSAL_STRING, "00110000", "it: tag 0x1c is not text"],
  ])("with a value that is %s are malformed", (_, tag, hex, message) => {
    const name = new DerReader(commonName(tag, Buffer.from(hex, "hex"))).readAny("it");
    expect(thrown(X509Error, () => checkName(name, "it")).message).toBe(message);
  });

  test("are returned byte for byte", () => {
    const name = encodeName({ organization: "o", commonName: "c" });
    expect(checkName(new DerReader(name).readAny("it"), "it")).toEqual(name);
  });
});
