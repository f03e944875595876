import { ProtocolViolation } from "./violation.js";

/** What GOAWAY says. */
export interface GoAway {
  /** The sender has begun no stream after this one, and will begin none. */
  readonly lastStreamId: number;
  /** 0 when the sender leaves in good order; else why it ends the connection. */
  readonly code: number;
  /** For people. */
  readonly text: string;
}

const maxTextBytes = 200;

/** Last stream ID (u32), code (u8), text in UTF-8. */
export function encodeGoAway({ lastStreamId, code, text }: GoAway): Buffer {
  const head = Buffer.allocUnsafe(5);
  head.writeUInt32BE(lastStreamId, 0);
  head[4] = code;
  return Buffer.concat([head, Buffer.from(text).subarray(0, maxTextBytes)]);
}

/** Of a longer text the rest is left out. @throws ProtocolViolation BAD_PAYLOAD */
export function decodeGoAway(payload: Buffer): GoAway {
  if (payload.length < 5) throw new ProtocolViolation("BAD_PAYLOAD", "GOAWAY has five bytes or more");
  const text = payload.toString("utf8", 5, 5 + maxTextBytes);
  return { lastStreamId: payload.readUInt32BE(0), code: payload[4] as number, text };
}

/** The peer's words, for a log or an error: one line of plain text, whatever it has sent. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
