import { describe, expect, test } from "vitest";
import { DerReader, Tag } from "../../src/x509/der-reader.js";
import { readTime } from "../../src/x509/der-time.js";
import * as write from "../../src/x509/der-writer.js";
import { X509Error } from "../../src/x509/x509-error.js";
import { tlv } from "../helpers/der.js";
import { thrown } from "../helpers/thrown.js";

const utc = (text: string) => new DerReader(tlv(Tag.UTC_TIME, Buffer.from(text)));
const generalized = (text: string) => new DerReader(tlv(Tag.GENERALIZED_TIME, Buffer.from(text)));

describe("readTime", () => {
  test.each([
    [utc("500101000000Z"), "1950-01-01T00:00:00.000Z"],
    [utc("491231235959Z"), "2049-12-31T23:59:59.000Z"],
    [utc("240229120000Z"), "2024-02-29T12:00:00.000Z"],
    [generalized("20500101000000Z"), "2050-01-01T00:00:00.000Z"],
    [generalized("99991231235959Z"), "9999-12-31T23:59:59.000Z"],
  ])("%#: %s", (reader, iso) => {
    expect(readTime(reader, "it").toISOString()).toBe(iso);
  });

  test.each(["2049-12-31T23:59:59.000Z", "2050-01-01T00:00:00.000Z"])("reads what was written: %s", (iso) => {
    expect(readTime(new DerReader(write.toDer(write.time(new Date(iso)))), "it").toISOString()).toBe(iso);
  });

  test.each([
    ["no seconds", utc("2401010000Z"), "it: not a time of RFC 5280"],
    ["an offset", utc("240101000000+0100"), "it: not a time of RFC 5280"],
    ["fractions", generalized("20500101000000.5Z"), "it: not a time of RFC 5280"],
    ["no zone", generalized("20500101000000"), "it: not a time of RFC 5280"],
    ["four digits of year in two", utc("20240101000000Z"), "it: not a time of RFC 5280"],
    ["February 30", utc("240230000000Z"), "it: no such moment"],
    ["24 o'clock", utc("240101240000Z"), "it: no such moment"],
    ["a leap second", utc("161231235960Z"), "it: no such moment"],
    ["a GeneralizedTime before 2050", generalized("20491231235959Z"), "it: a year before 2050 that is not a UTCTime"],
    ["another type", new DerReader(tlv(Tag.INTEGER, Buffer.from([1]))), "it: tag 0x18 expected, found tag 0x02"],
  ])("refuses %s", (_, reader, message) => {
    expect(thrown(X509Error, () => readTime(reader, "it")).message).toBe(message);
  });
});
