import { isUtf8 } from "node:buffer";
import { type DerValue, Tag } from "./der-reader.js";
import { X509Error } from "./x509-error.js";

/** How the content of each string type of X.520 becomes text; undefined when it is malformed. */
const decoders = new Map<number, (content: Buffer) => string | undefined>([
  [Tag.UTF8_STRING, (content) => (isUtf8(content) ? content.toString("utf8") : undefined)],
  [Tag.NUMERIC_STRING, latin1],
  [Tag.PRINTABLE_STRING, latin1],
  [Tag.TELETEX_STRING, latin1],
  [Tag.IA5_STRING, latin1],
  [Tag.BMP_STRING, utf16],
  [Tag.UNIVERSAL_STRING, utf32],
]);

/**
 * The text of a string in a Name. Which characters a type allows is not checked: for names of people and places CAs have
 * never kept to it, and nothing depends on it.
 *
 * @throws X509Error when the value is not a string, or its bytes are not text
 */
export function decodeText({ tag, content }: DerValue, what: string): string {
  const text = decoders.get(tag)?.(content);
  if (text === undefined) throw new X509Error(`${what}: tag 0x${tag.toString(16).padStart(2, "0")} is not text`);
  return text;
}

function latin1(content: Buffer): string {
  return content.toString("latin1");
}

function utf16(content: Buffer): string | undefined {
  return content.length % 2 === 0 ? Buffer.from(content).swap16().toString("utf16le") : undefined;
}

function utf32(content: Buffer): string | undefined {
  if (content.length % 4 !== 0) return undefined;
  const points = Array.from({ length: content.length / 4 }, (_, i) => content.readUInt32BE(i * 4));
  return points.every((point) => point <= 0x10ffff) ? String.fromCodePoint(...points) : undefined;
}
