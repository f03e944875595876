import { maxPathBytes, noTimeout, openByPath, openBytes, openSameMetadata } from "./frame.js";
import { ProtocolViolation } from "./violation.js";

/** What OPEN says. */
export interface Open {
  /** The index of the method in the server's HELLO, or its path when it has none there. */
  readonly method: number | string;
  /** Undefined when the caller names none. */
  readonly timeoutMs: number | undefined;
  /** 1 for the first call of a connection, 2 for the next, … */
  readonly sequence: number;
  /** On the clock of `Date.now()`. */
  readonly sentAt: number;
  /** A metadata block. */
  readonly metadata: Buffer | undefined;
  /** No block: the metadata is the same as before. */
  readonly sameMetadata: boolean;
}

export function openFlags({ method, sameMetadata }: Open): number {
  return (typeof method === "string" ? openByPath : 0) | (sameMetadata ? openSameMetadata : 0);
}

export function openLength({ method, metadata }: Open): number {
  return openBytes + (typeof method === "string" ? method.length : 0) + (metadata?.length ?? 0);
}

/** Method index or length of the path (u16), timeout in ms (u32), sequence (u32), time (f64), path, metadata block. */
export function writeOpen({ method, timeoutMs, sequence, sentAt, metadata }: Open, bytes: Buffer, at: number): void {
  bytes.writeUInt16BE(typeof method === "string" ? method.length : method, at);
  bytes.writeUInt32BE(timeoutMs === undefined ? noTimeout : Math.min(Math.ceil(timeoutMs), noTimeout - 1), at + 2);
  bytes.writeUInt32BE(sequence, at + 6);
  bytes.writeDoubleBE(sentAt, at + 10);
  let end = at + openBytes;
  if (typeof method === "string") end += bytes.write(method, end, "latin1");
  if (metadata !== undefined) bytes.set(metadata, end);
}

/** @throws ProtocolViolation BAD_PAYLOAD, BAD_METHOD */
export function readOpen(flags: number, payload: Buffer): Open {
  if (payload.length < openBytes) throw new ProtocolViolation("BAD_PAYLOAD", "OPEN is too short");
  const timeoutMs = payload.readUInt32BE(2);
  const { method, end } = readMethod(flags, payload);
  const sameMetadata = (flags & openSameMetadata) !== 0;
  if (sameMetadata && end < payload.length)
    throw new ProtocolViolation("BAD_PAYLOAD", "OPEN with the same metadata, and with other");
  return {
    method,
    timeoutMs: timeoutMs === noTimeout ? undefined : timeoutMs,
    sequence: payload.readUInt32BE(6),
    sentAt: payload.readDoubleBE(10),
    metadata: end === payload.length ? undefined : payload.subarray(end),
    sameMetadata,
  };
}

function readMethod(flags: number, payload: Buffer): { method: number | string; end: number } {
  const index = payload.readUInt16BE(0);
  if ((flags & openByPath) === 0) return { method: index, end: openBytes };
  const end = openBytes + index;
  if (index === 0 || index > maxPathBytes || end > payload.length) {
    throw new ProtocolViolation("BAD_METHOD", "OPEN with a path that is empty, too long, or longer than itself");
  }
  return { method: payload.toString("latin1", openBytes, end), end };
}
