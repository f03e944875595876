import { protocols } from "./protocols.js";

/**
 * What a refused peer hears: a constant sentence and a reference that the log of the refusing side repeats. A peer that
 * is told why learns which of its stolen pieces is still good.
 *
 * - `refused`: it did not prove who it is.
 * - `busy`: it did, and has too many connections already. That is no secret, and tells it to try again later.
 */
export type RefusalKind = "refused" | "busy";

export interface Refusal {
  readonly kind: RefusalKind;
  readonly reference: string;
}

const sentence = "pinwire: connection refused, reference ";

/** HTTP/2 error codes (RFC 9113 section 7): INADEQUATE_SECURITY and ENHANCE_YOUR_CALM. */
const errorCodes: Record<RefusalKind, number> = { refused: 0xc, busy: 0xb };

/**
 * A SETTINGS frame, which an HTTP/2 server has to send first (RFC 9113 section 3.4), and a GOAWAY frame. They are sent
 * without reading one byte of a peer that is not verified. In another protocol than `h2` a refused peer hears nothing.
 */
export function refusalBytes(protocol: string | false | null, { kind, reference }: Refusal): Buffer | undefined {
  if (protocol !== protocols.h2) return undefined;
  const lastStreamAndCode = Buffer.alloc(8);
  lastStreamAndCode.writeUInt32BE(errorCodes[kind], 4);
  return Buffer.concat([
    frame(frameTypes.settings, Buffer.alloc(0)),
    frame(frameTypes.goaway, Buffer.concat([lastStreamAndCode, Buffer.from(sentence + reference)])),
  ]);
}

/**
 * Recognises {@link refusalBytes} in the first bytes of a connection; anything else gives undefined. The whole refusal is
 * one write and so one TLS record: it arrives as one piece.
 */
export function parseRefusal(firstBytes: Uint8Array): Refusal | undefined {
  const bytes = Buffer.from(firstBytes.buffer, firstBytes.byteOffset, firstBytes.byteLength);
  const reference = /[0-9a-f]{1,64}$/.exec(bytes.subarray(headerLength * 2 + 8).toString("latin1"))?.[0];
  if (reference === undefined) return undefined;
  for (const kind of ["refused", "busy"] as const) {
    if (refusalBytes(protocols.h2, { kind, reference })?.equals(bytes)) return { kind, reference };
  }
  return undefined;
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
