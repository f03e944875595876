import { create } from "@bufbuild/protobuf";
import { FakeConnection } from "../../scripts/fake-connection.js";
import { MethodSchema } from "../../src/gen/pinwire/direct/v1/hello_pb.js";
import { decodeEnd, encodeEnd } from "../../src/rpc/direct/end-frame.js";
import { dataFlags, frameTypes, pingAck } from "../../src/rpc/direct/frame.js";
import { FrameReader } from "../../src/rpc/direct/frame-reader.js";
import { FrameWriter } from "../../src/rpc/direct/frame-writer.js";
import { decodeGoAway, encodeGoAway, type GoAway } from "../../src/rpc/direct/go-away-frame.js";
import { decodeHello, encodeHello, type Greeting } from "../../src/rpc/direct/hello-frame.js";
import { fixedLimits } from "../../src/rpc/direct/limits.js";
import { decodeMetadata, encodeMetadata } from "../../src/rpc/direct/metadata-block.js";
import { type Open, openFlags, openLength, readOpen, writeOpen } from "../../src/rpc/direct/open-frame.js";
import { Metadata } from "../../src/rpc/metadata.js";
import type { Outcome } from "../../src/rpc/transport.js";

/** A frame as the document writes it down. */
export interface Described {
  readonly type: string;
  readonly stream?: number;
  readonly flags?: readonly string[];
  readonly payload?: string;
  readonly metadata?: readonly (readonly [string, string | { readonly hex: string }])[];
  readonly [field: string]: unknown;
}

/** What the code reads from bytes. */
export function readFrames(bytes: Buffer): Described[] {
  const found: Described[] = [];
  const reader = new FrameReader(
    {
      onFrame: (frameType, flags, streamId, payload) => found.push(describeFrame(frameType, flags, streamId, payload)),
      onData: (flags, stream, part) =>
        found.push({ type: "DATA", stream, flags: namesOf(flags, dataFlags), payload: part.toString("hex") }),
    },
    fixedLimits.maxFrameBytes,
  );
  reader.push(bytes);
  return found;
}

function describeFrame(frameType: number, flags: number, stream: number, payload: Buffer): Described {
  switch (frameType) {
    case frameTypes.hello: {
      const { limits, connectionId, methods } = decodeHello(payload);
      return {
        type: "HELLO",
        version: 1,
        connectionId: Buffer.from(connectionId).toString("hex"),
        limits,
        methods: methods.map(({ path, fingerprint }) => ({
          path,
          fingerprint: Buffer.from(fingerprint).toString("hex"),
        })),
      };
    }
    case frameTypes.open: {
      const { metadata, sentAt, timeoutMs = null, sameMetadata, ...rest } = readOpen(flags, payload);
      const open = { type: "OPEN", stream, ...rest, timeoutMs, sentAt: new Date(sentAt).toISOString() };
      const described = sameMetadata ? { ...open, sameMetadata } : open;
      return metadata === undefined ? described : { ...described, metadata: describeMetadata(metadata) };
    }
    case frameTypes.header:
      return { type: "HEADER", stream, metadata: describeMetadata(payload) };
    case frameTypes.end: {
      const { status, message, trailer } = decodeEnd(payload, fixedLimits.maxMetadataBytes);
      return {
        type: "END",
        stream,
        status,
        message,
        metadata: trailer ? describeMetadata(encodeMetadata(trailer)) : [],
      };
    }
    case frameTypes.cancel:
      return { type: "CANCEL", stream };
    case frameTypes.window:
      return { type: "WINDOW", stream, bytes: payload.readUInt32BE() };
    case frameTypes.ping:
      return { type: "PING", flags: namesOf(flags, { ack: pingAck }), payload: payload.toString("hex") };
    default: {
      const { lastStreamId, code, text } = decodeGoAway(payload);
      return { type: "GOAWAY", lastStream: lastStreamId, code, text };
    }
  }
}

/** The bytes that the code writes for frames. */
export function writeFrames(described: readonly Described[]): Buffer {
  const connection = new FakeConnection();
  const writer = new FrameWriter(connection.socket);
  for (const frame of described) {
    const number = numbers[frame.type as keyof typeof numbers];
    writer.payload(number, flagsOf(frame), frame.stream ?? 0, payloadOf(frame));
  }
  writer.flush();
  return Buffer.concat(connection.fake.sent);
}

const numbers = {
  HELLO: frameTypes.hello,
  OPEN: frameTypes.open,
  HEADER: frameTypes.header,
  DATA: frameTypes.data,
  END: frameTypes.end,
  CANCEL: frameTypes.cancel,
  WINDOW: frameTypes.window,
  PING: frameTypes.ping,
  GOAWAY: frameTypes.goAway,
};

function flagsOf(frame: Described): number {
  if (frame.type === "OPEN") return openFlags(openOf(frame));
  return bitsOf(frame, frame.type === "PING" ? { ack: pingAck } : dataFlags);
}

function payloadOf(frame: Described): Uint8Array {
  const { payload = "", bytes, status, message, lastStream, code, text } = frame;
  const trailer = metadataOf(frame);
  switch (frame.type) {
    case "HELLO":
      return encodeHello(helloOf(frame));
    case "OPEN": {
      const opened = openOf(frame);
      const written = Buffer.alloc(openLength(opened));
      writeOpen(opened, written, 0);
      return written;
    }
    case "HEADER":
      return encodeMetadata(trailer);
    case "END":
      return encodeEnd({ status, message, ...(trailer.size > 0 && { trailer }) } as Outcome);
    case "WINDOW": {
      const written = Buffer.alloc(4);
      written.writeUInt32BE(bytes as number);
      return written;
    }
    case "GOAWAY":
      return encodeGoAway({ lastStreamId: lastStream, code, text } as GoAway);
    default:
      return Buffer.from(payload, "hex");
  }
}

function helloOf(frame: Described): Greeting {
  const { connectionId, limits, methods } = frame as unknown as {
    connectionId: string;
    limits: Greeting["limits"];
    methods: { path: string; fingerprint: string }[];
  };
  return {
    limits,
    connectionId: Buffer.from(connectionId, "hex"),
    methods: methods.map(({ path, fingerprint }) =>
      create(MethodSchema, { path, fingerprint: Buffer.from(fingerprint, "hex") }),
    ),
  };
}

function openOf(frame: Described): Open {
  const { method, timeoutMs, sequence, sentAt } = frame as unknown as {
    method: number | string;
    timeoutMs: number | null;
    sequence: number;
    sentAt: string;
  };
  return {
    method,
    timeoutMs: timeoutMs ?? undefined,
    sequence,
    sentAt: Date.parse(sentAt),
    metadata: frame.metadata && encodeMetadata(metadataOf(frame)),
    sameMetadata: frame.sameMetadata === true,
  };
}

function metadataOf({ metadata = [] }: Described): Metadata {
  const found = new Metadata();
  for (const [key, value] of metadata)
    found.append(key, typeof value === "string" ? value : Buffer.from(value.hex, "hex"));
  return found;
}

function describeMetadata(bytes: Buffer): [string, string | { hex: string }][] {
  return [...decodeMetadata(bytes, fixedLimits.maxMetadataBytes)].map(([key, value]) => [
    key,
    typeof value === "string" ? value : { hex: Buffer.from(value).toString("hex") },
  ]);
}

function namesOf(bits: number, all: Readonly<Record<string, number>>): string[] {
  return Object.entries(all)
    .filter(([, bit]) => (bits & bit) !== 0)
    .map(([name]) => name.toUpperCase());
}

function bitsOf({ flags = [] }: Described, all: Readonly<Record<string, number>>): number {
  return flags.reduce((sum, name) => sum | (all[name.toLowerCase()] ?? 0), 0);
}
