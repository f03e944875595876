import { type DerReader, Tag } from "./der-reader.js";
import { X509Error } from "./x509-error.js";

/**
 * Reads a Time as RFC 5280 section 4.1.2.5 restricts it: UTCTime until 2049 and GeneralizedTime from 2050 on, with
 * seconds, in UTC ("Z"), without fractions.
 */
export function readTime(reader: DerReader, what: string): Date {
  const utc = reader.nextTag === Tag.UTC_TIME;
  const { content } = reader.read(utc ? Tag.UTC_TIME : Tag.GENERALIZED_TIME, what);
  const text = content.toString("latin1");
  if (!(utc ? /^\d{12}Z$/ : /^\d{14}Z$/).test(text)) throw new X509Error(`${what}: not a time of RFC 5280`);
  const date = utc ? toDate(century(text) + text, what) : toDate(text, what);
  if (!utc && date.getUTCFullYear() < 2050) throw new X509Error(`${what}: a year before 2050 that is not a UTCTime`);
  return date;
}

function century(text: string): string {
  return Number(text.slice(0, 2)) >= 50 ? "19" : "20";
}

function toDate(digits: string, what: string): Date {
  const iso = digits.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6.000Z");
  const date = new Date(iso);
  // The round trip refuses what Date would repair: February 30, 24 o'clock.
  if (Number.isNaN(date.getTime()) || date.toISOString() !== iso) throw new X509Error(`${what}: no such moment`);
  return date;
}
