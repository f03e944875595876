import { Metadata as GrpcMetadata } from "@grpc/grpc-js";
import { Metadata } from "../metadata.js";
import { statusDetailsKey } from "../status-details.js";

/** Metadata as grpc-js wants it. */
export function toGrpc(metadata: Metadata | undefined): GrpcMetadata {
  const converted = new GrpcMetadata();
  if (metadata !== undefined) {
    for (const [key, value] of metadata) {
      if (typeof value === "string") converted.set(key, joined(converted.get(key)[0], value));
      else converted.add(key, asBuffer(value));
    }
  }
  return converted;
}

/**
 * Several texts of a key travel as one, with commas (and no spaces, which HTTP/2 does not want at an end) between them: whoever receives them apart may join them (gRPC over
 * HTTP/2, "Custom-Metadata"), and node:http2 throws where a key of HTTP may only have one value, such as `retry-after`.
 */
function joined(before: string | Buffer | undefined, value: string): string {
  return before === undefined ? value : `${before},${value}`;
}

/** Metadata as the pipeline wants it, without what belongs to the protocol. */
export function fromGrpc(received: GrpcMetadata): Metadata {
  const metadata = new Metadata();
  for (const key of Object.keys(received.getMap())) {
    for (const value of received.get(key)) metadata.receive(key, value);
  }
  return metadata;
}

/** What metadata and the details of a status take of a header block, as HTTP/2 counts it (RFC 9113 section 6.5.2). */
export function http2Bytes(metadata: Metadata | undefined, details?: Uint8Array): number {
  let bytes = details === undefined ? 0 : fieldBytes(statusDetailsKey, details);
  if (metadata !== undefined) for (const [key, value] of metadata) bytes += fieldBytes(key, value);
  return bytes;
}

/** Bytes travel as base64. */
function fieldBytes(key: string, value: string | Uint8Array): number {
  return key.length + 32 + (typeof value === "string" ? value.length : Math.ceil(value.length / 3) * 4);
}

/** The same bytes as a Buffer; grpc-js calls Buffer's methods on what it is given. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
