import { protocols } from "./protocols.js";

/**
 * What a refused peer hears: a constant sentence and a reference that the log of the refusing side repeats. A peer that
 * is told why learns which of its stolen pieces is still good.
 *
 * - `refused`: it did not prove who it is.
 * - `busy`: it did, and has too many connections already. That is no secret, and tells it to try again later.
 */
export type RefusalKind = (typeof refusalKinds)[number];

const refusalKinds = ["refused", "busy"] as const;

export interface Refusal {
  readonly kind: RefusalKind;
  readonly reference: string;
}

const sentence = "pinwire: connection refused, reference ";

/** HTTP/2 error codes (RFC 9113 section 7): INADEQUATE_SECURITY and ENHANCE_YOUR_CALM. */
const errorCodes: Record<RefusalKind, number> = { refused: 0xc, busy: 0xb };

/** Codes of GOAWAY in the direct protocol (docs/direct-protocol.md). */
const directCodes: Record<RefusalKind, number> = { refused: 254, busy: 255 };

/** What such a code means, for a refusal that comes later than anybody listens for it. */
export const directRefusalKinds: Readonly<Record<number, RefusalKind>> = Object.fromEntries(
  refusalKinds.map((kind) => [directCodes[kind], kind]),
);

/**
 * Sent without reading one byte of a peer that is not verified. In HTTP/2 a SETTINGS frame, which a server has to send first
 * (RFC 9113 section 3.4), and a GOAWAY frame; in the direct protocol a GOAWAY frame. In any other a peer hears nothing.
 */
export function refusalBytes(protocol: string | false | null, { kind, reference }: Refusal): Buffer | undefined {
  const text = Buffer.from(sentence + reference);
  if (protocol === protocols.direct) return directGoAway(directCodes[kind], text);
  if (protocol !== protocols.h2) return undefined;
  const lastStreamAndCode = Buffer.alloc(8);
  lastStreamAndCode.writeUInt32BE(errorCodes[kind], 4);
  return Buffer.concat([
    frame(frameTypes.settings, Buffer.alloc(0)),
    frame(frameTypes.goaway, Buffer.concat([lastStreamAndCode, text])),
  ]);
}

/**
 * Recognises {@link refusalBytes} in the first bytes of a connection; anything else gives undefined. The whole refusal is
 * one write and so one TLS record: it arrives as one piece.
 */
export function parseRefusal(protocol: string, firstBytes: Uint8Array): Refusal | undefined {
  const bytes = Buffer.from(firstBytes.buffer, firstBytes.byteOffset, firstBytes.byteLength);
  const reference = /reference ([0-9a-f]{1,64})$/.exec(bytes.toString("latin1"))?.[1];
  if (reference === undefined) return undefined;
  for (const kind of refusalKinds) {
    if (refusalBytes(protocol, { kind, reference })?.equals(bytes)) return { kind, reference };
  }
  return undefined;
}

/** Length, type 9, no flags, stream 0; last stream 0, code, text. */
function directGoAway(code: number, text: Buffer): Buffer {
  const head = Buffer.alloc(15);
  head.writeUInt32BE(5 + text.length, 0);
  head[4] = 9;
  head[14] = code;
  return Buffer.concat([head, text]);
}

const headerLength = 9;
const frameTypes = { settings: 0x4, goaway: 0x7 } as const;

/** Without flags, on stream 0 (RFC 9113 section 4.1). */
function frame(type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(headerLength);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  return Buffer.concat([header, payload]);
}
