import { Status } from "../../status.js";
import type { Outcome } from "../transport.js";
import { decodeMetadata, encodeMetadata } from "./metadata-block.js";
import { ProtocolViolation } from "./violation.js";

/** Of the text, in UTF-8. */
const maxMessageBytes = 4 * 1024;

const plainOk = Buffer.from([Status.OK]);

/**
 * The payload of END: the status (u8); unless that is all there is, the length of the message (u16), the message in UTF-8,
 * and the trailer as a metadata block.
 */
export function encodeEnd({ status, message, trailer }: Outcome): Buffer {
  if (status === Status.OK && message === "" && trailer === undefined) return plainOk;
  const text = cut(Buffer.from(message.toWellFormed()));
  const head = Buffer.allocUnsafe(3);
  head[0] = status;
  head.writeUInt16BE(text.length, 1);
  return Buffer.concat(trailer === undefined ? [head, text] : [head, text, encodeMetadata(trailer)]);
}

/** @throws ProtocolViolation BAD_STATUS, BAD_PAYLOAD, METADATA_TOO_LARGE, BAD_METADATA */
export function decodeEnd(payload: Buffer, maxMetadataBytes: number): Outcome {
  const status = payload[0];
  if (status === undefined || status > Status.UNAUTHENTICATED) {
    throw new ProtocolViolation("BAD_STATUS", `END with status ${status}`);
  }
  if (payload.length === 1) return { status: status as Status, message: "" };
  const begin = 3;
  const end = begin + (payload.length < begin ? begin : payload.readUInt16BE(1));
  if (end > payload.length) throw new ProtocolViolation("BAD_PAYLOAD", "END with a message longer than itself");
  if (end - begin > maxMessageBytes)
    throw new ProtocolViolation("BAD_PAYLOAD", `END with a message of ${end - begin} bytes`);
  const message = payload.toString("utf8", begin, end);
  if (end === payload.length) return { status: status as Status, message };
  return { status: status as Status, message, trailer: decodeMetadata(payload.subarray(end), maxMetadataBytes) };
}

/** The text is for people; a longer one is cut, between characters. */
function cut(text: Buffer): Buffer {
  if (text.length <= maxMessageBytes) return text;
  let end = maxMessageBytes;
  while (((text[end] as number) & 0xc0) === 0x80) end -= 1;
  return text.subarray(0, end);
}
