import { Metadata as GrpcMetadata } from "@grpc/grpc-js";
import { Metadata } from "../metadata.js";

/** Metadata as grpc-js wants it. */
export function toGrpc(metadata: Metadata | undefined): GrpcMetadata {
  const converted = new GrpcMetadata();
  if (metadata !== undefined) {
    for (const [key, value] of metadata) converted.add(key, typeof value === "string" ? value : asBuffer(value));
  }
  return converted;
}

/** Metadata as the pipeline wants it, without what belongs to the protocol. */
export function fromGrpc(received: GrpcMetadata): Metadata {
  const metadata = new Metadata();
  for (const key of Object.keys(received.getMap())) {
    for (const value of received.get(key)) metadata.receive(key, value);
  }
  return metadata;
}

/** The same bytes as a Buffer; grpc-js calls Buffer's methods on what it is given. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
