import { X509Error } from "./x509-error.js";

/** BOOLEAN; DER knows 0x00 and 0xff only (X.690, section 11.1). */
export function decodeBoolean(content: Buffer, what: string): boolean {
  if (content.length === 1 && content[0] === 0xff) return true;
  if (content.length === 1 && content[0] === 0x00) return false;
  throw new X509Error(`${what}: not a DER boolean`);
}

/** Refuses an INTEGER with octets that it does not need (X.690, section 8.3.2), and returns its content. */
export function checkInteger(content: Buffer, what: string): Buffer {
  const [first, second] = content;
  if (first === undefined) throw new X509Error(`${what}: an integer without octets`);
  if (second !== undefined && ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw new X509Error(`${what}: an integer with needless leading octets`);
  }
  return content;
}

/** A non-negative INTEGER that fits into four octets; X.509's versions and path lengths are far smaller. */
export function decodeSmallInteger(content: Buffer, what: string): number {
  checkInteger(content, what);
  if (content.length > 4) throw new X509Error(`${what}: too large`);
  const value = content.readIntBE(0, content.length);
  if (value < 0) throw new X509Error(`${what}: negative`);
  return value;
}

/** OBJECT IDENTIFIER in dotted decimals, each arc in the fewest octets (X.690, section 8.19.2). */
export function decodeOid(content: Buffer, what: string): string {
  // The longest in use (a UUID below 2.25) has 20 octets. A bound keeps the arithmetic on big arcs cheap.
  if (content.length === 0 || content.length > 64) throw new X509Error(`${what}: not an object identifier`);
  const arcs: (number | bigint)[] = [];
  let arc: number | bigint = 0;
  let atStart = true;
  for (const octet of content) {
    if (atStart && octet === 0x80) throw new X509Error(`${what}: an object identifier with needless octets`);
    arc = appendBits(arc, octet & 0x7f);
    atStart = octet < 0x80;
    if (!atStart) continue;
    arcs.push(arc);
    arc = 0;
  }
  if (!atStart) throw new X509Error(`${what}: an object identifier that is cut off`);
  return [...splitFirst(arcs[0] ?? 0), ...arcs.slice(1)].join(".");
}

function appendBits(arc: number | bigint, bits: number): number | bigint {
  if (typeof arc === "number" && arc < 2 ** 40) return arc * 128 + bits;
  return BigInt(arc) * 128n + BigInt(bits);
}

/** The first octets hold two arcs: 40 times the first (0, 1 or 2) plus the second. */
function splitFirst(both: number | bigint): (number | bigint)[] {
  if (both < 40) return [0, both];
  if (both < 80) return [1, Number(both) - 40];
  return typeof both === "number" ? [2, both - 80] : [2, both - 80n];
}

/** The octets of a BIT STRING that is a whole number of octets: a key or a signature. */
export function decodeOctetAlignedBits(content: Buffer, what: string): Buffer {
  if (content[0] !== 0) throw new X509Error(`${what}: a bit string that does not end with an octet`);
  return content.subarray(1);
}

/**
 * The positions of the bits that are set in a BIT STRING of named bits. DER leaves out zero bits at the end (X.690,
 * section 11.2.2).
 */
export function decodeNamedBits(content: Buffer, what: string): number[] {
  const unused = content[0];
  if (unused === undefined || unused > 7) throw new X509Error(`${what}: not a bit string`);
  const last = content.length > 1 ? content[content.length - 1] : undefined;
  if (last === undefined) {
    if (unused !== 0) throw new X509Error(`${what}: not a bit string`);
    return [];
  }
  if (last === 0 || (last & -last) !== 1 << unused) throw new X509Error(`${what}: bits that DER leaves out`);
  const bits: number[] = [];
  for (let i = 0; i < (content.length - 1) * 8; i++) {
    if (((content[1 + (i >> 3)] ?? 0) & (0x80 >> (i & 7))) !== 0) bits.push(i);
  }
  return bits;
}

/** The text of an IA5String: ASCII, without the control characters that no name contains and that forge log lines. */
export function decodeAscii(content: Buffer, what: string): string {
  for (const octet of content) {
    if (octet < 0x20 || octet > 0x7e) throw new X509Error(`${what}: a character that is not printable ASCII`);
  }
  return content.toString("latin1");
}
