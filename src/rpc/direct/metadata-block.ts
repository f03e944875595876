import { Metadata } from "../metadata.js";
import { ProtocolViolation } from "./violation.js";

/**
 * Metadata on the wire: for each value the length of its key (u8), the key, the length of the value (u32), the value. Text
 * is ASCII; values of keys that end in `-bin` are bytes as they are.
 */
export function encodeMetadata(metadata: Metadata): Buffer {
  let length = 0;
  // A text is ASCII, so its characters are its bytes.
  for (const [key, value] of metadata) length += 5 + key.length + value.length;
  const block = Buffer.allocUnsafe(length);
  let at = 0;
  for (const [key, value] of metadata) {
    at = block.writeUInt8(key.length, at);
    at += block.write(key, at, "latin1");
    at = block.writeUInt32BE(value.length, at);
    if (typeof value === "string") block.write(value, at, "latin1");
    else block.set(value, at);
    at += value.length;
  }
  return block;
}

/** One value of a key, as two pieces. */
export function encodeEntry(key: string, value: Uint8Array): [head: Buffer, value: Buffer] {
  const head = Buffer.allocUnsafe(5 + key.length);
  head[0] = key.length;
  head.write(key, 1, "latin1");
  head.writeUInt32BE(value.length, 1 + key.length);
  return [head, Buffer.from(value.buffer, value.byteOffset, value.length)];
}

/**
 * `onEntry` is shown every entry first, also those that are kept from applications.
 *
 * @throws ProtocolViolation METADATA_TOO_LARGE, BAD_METADATA
 */
export function decodeMetadata(
  block: Buffer,
  maxBytes: number,
  onEntry?: (key: string, value: Buffer) => void,
): Metadata {
  if (block.length > maxBytes) {
    throw new ProtocolViolation("METADATA_TOO_LARGE", `${block.length} bytes of metadata; the limit is ${maxBytes}`);
  }
  const metadata = new Metadata();
  let at = 0;
  const take = (length: number): Buffer => {
    if (length > block.length - at) throw bad("a length that leads beyond its end");
    at += length;
    return block.subarray(at - length, at);
  };
  while (at < block.length) {
    const key = take(take(1)[0] as number).toString("latin1");
    if (!/^[0-9a-z_.-]+$/.test(key)) throw bad("a key that is none");
    const value = take(take(4).readUInt32BE());
    onEntry?.(key, value);
    metadata.receive(key, key.endsWith("-bin") ? Uint8Array.from(value) : textOf(value));
  }
  return metadata;
}

function textOf(value: Buffer): string {
  const text = value.toString("latin1");
  if (!/^[\x20-\x7e]*$/.test(text)) throw bad("a text that is not printable ASCII");
  return text;
}

function bad(what: string): ProtocolViolation {
  return new ProtocolViolation("BAD_METADATA", `metadata with ${what}`);
}
