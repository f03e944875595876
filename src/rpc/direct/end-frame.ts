import { Status } from "../../status.js";
import { encodeText, maxTextBytes } from "../fitting-outcome.js";
import type { Metadata } from "../metadata.js";
import { statusDetailsKey } from "../status-details.js";
import type { Outcome } from "../transport.js";
import { decodeMetadata, encodeEntry, encodeMetadata } from "./metadata-block.js";
import { ProtocolViolation } from "./violation.js";

const plainOk = Buffer.from([Status.OK]);

/**
 * The payload of END: the status (u8); unless that is all there is, the length of the message (u16), the message in UTF-8,
 * and the trailer as a metadata block, with the details of the status under the key that gRPC has for them.
 */
export function encodeEnd({ status, message, trailer, details }: Outcome): Buffer {
  if (status === Status.OK && message === "" && trailer === undefined) return plainOk;
  const text = encodeText(message);
  const head = Buffer.allocUnsafe(3);
  head[0] = status;
  head.writeUInt16BE(text.length, 1);
  const parts = [head, text];
  if (trailer !== undefined) parts.push(encodeMetadata(trailer));
  if (details !== undefined) parts.push(...encodeEntry(statusDetailsKey, details));
  return Buffer.concat(parts);
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
  if (end - begin > maxTextBytes)
    throw new ProtocolViolation("BAD_PAYLOAD", `END with a message of ${end - begin} bytes`);
  const message = payload.toString("utf8", begin, end);
  if (end === payload.length) return { status: status as Status, message };
  let details: Uint8Array | undefined;
  const trailer = decodeMetadata(payload.subarray(end), maxMetadataBytes, (key, value) => {
    if (key === statusDetailsKey) details ??= Uint8Array.from(value);
  });
  return { status: status as Status, message, trailer, ...(details !== undefined && { details }) };
}

/** What the trailer and the details take of the peer's limit for metadata. */
export function endMetadataBytes(trailer: Metadata | undefined, details: Uint8Array | undefined): number {
  const [head, value] = details === undefined ? [] : encodeEntry(statusDetailsKey, details);
  return (trailer === undefined ? 0 : encodeMetadata(trailer).length) + (head?.length ?? 0) + (value?.length ?? 0);
}
