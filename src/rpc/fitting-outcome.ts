import { Status } from "../status.js";
import type { Metadata } from "./metadata.js";
import type { Outcome } from "./transport.js";

/** Of the text of a status, in UTF-8: it is for people. */
export const maxTextBytes = 4 * 1024;

/** A character of JavaScript takes three bytes at most, so a text that is shorter needs no look. */
const surelyFits = Math.floor(maxTextBytes / 3);

/**
 * What of an outcome the other side can receive. Details that are too large must not cost the caller the status; a trailer is
 * part of the answer.
 *
 * @param bytesOf what trailer and details take of `maxBytes` on the wire
 */
export function fittingOutcome(
  outcome: Outcome,
  maxBytes: number,
  bytesOf: (trailer: Metadata | undefined, details: Uint8Array | undefined) => number,
): Outcome {
  const { details, trailer, ...rest } = outcome;
  if (trailer === undefined && details === undefined) return outcome;
  if (bytesOf(trailer, details) <= maxBytes) return outcome;
  if (trailer === undefined) return rest;
  return bytesOf(trailer, undefined) <= maxBytes ? { ...rest, trailer } : withoutTrailer;
}

/** The text of a status as UTF-8; a longer one is cut, between characters. */
export function encodeText(message: string): Buffer {
  const text = Buffer.from(message.toWellFormed());
  if (text.length <= maxTextBytes) return text;
  let end = maxTextBytes;
  while (((text[end] as number) & 0xc0) === 0x80) end -= 1;
  return text.subarray(0, end);
}

/** The same as a text. */
export function fittingText(message: string): string {
  return message.length <= surelyFits ? message.toWellFormed() : encodeText(message).toString("utf8");
}

const withoutTrailer: Outcome = { status: Status.RESOURCE_EXHAUSTED, message: "the response trailer is too large" };
