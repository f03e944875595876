import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Hello, HelloSchema, LimitsSchema, MethodSchema } from "../src/gen/pinwire/direct/v1/hello_pb.js";

/** The numbers of docs/direct-protocol.md, written down again: a test must not learn them from the code it tests. */
export const type = {
  hello: 1,
  open: 2,
  header: 3,
  data: 4,
  end: 5,
  cancel: 6,
  window: 7,
  ping: 8,
  goAway: 9,
} as const;
export const flag = { byPath: 1, more: 1, last: 2, none: 4, ack: 1 } as const;

export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export interface LastWord {
  readonly lastStreamId: number;
  readonly code: number;
  readonly text: string;
}

/** Cuts bytes into frames; `rest` is what is no whole one. */
export function splitFrames(bytes: Buffer): { frames: RawFrame[]; rest: Buffer } {
  const frames: RawFrame[] = [];
  let at = 0;
  while (bytes.length - at >= 10) {
    const frameEnd = at + 10 + bytes.readUInt32BE(at);
    if (frameEnd > bytes.length) break;
    frames.push({
      type: bytes[at + 4] as number,
      flags: bytes[at + 5] as number,
      streamId: bytes.readUInt32BE(at + 6),
      payload: bytes.subarray(at + 10, frameEnd),
    });
    at = frameEnd;
  }
  return { frames, rest: bytes.subarray(at) };
}

export function frame(frameType: number, flags: number, streamId: number, payload: Uint8Array | string = ""): Buffer {
  const bytes = Buffer.from(payload);
  return Buffer.concat([header(bytes.length, frameType, flags, streamId), bytes]);
}

/** A header alone; it may lie about the length. */
export function header(length: number, frameType: number, flags: number, streamId: number): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeUInt32BE(length, 0);
  bytes[4] = frameType;
  bytes[5] = flags;
  bytes.writeUInt32BE(streamId, 6);
  return bytes;
}

export const roomyLimits = {
  maxFrameBytes: 128 * 1024,
  maxMessageBytes: 4 * 1024 * 1024,
  maxMetadataBytes: 32 * 1024,
  maxStreams: 1_000,
  streamWindowBytes: 256 * 1024,
  connectionWindowBytes: 16 * 1024 * 1024,
};

export interface HelloInit {
  readonly version?: number;
  readonly connectionId?: Uint8Array;
  /** What differs from {@link roomyLimits}; null leaves all limits out. */
  readonly limits?: Partial<typeof roomyLimits> | null;
  readonly methods?: { readonly path: string; readonly fingerprint: Uint8Array }[];
}

export function helloPayload({ limits, methods = [], ...init }: HelloInit = {}): Uint8Array {
  const hello = create(HelloSchema, { version: 1, connectionId: Buffer.alloc(16, 7), ...init });
  if (limits !== null) hello.limits = create(LimitsSchema, { ...roomyLimits, ...limits });
  hello.methods = methods.map((method) => create(MethodSchema, method));
  return toBinary(HelloSchema, hello);
}

export function hello(init: HelloInit = {}): Buffer {
  return frame(type.hello, 0, 0, helloPayload(init));
}

export interface RawOpen {
  /** By index, unless it is a path. */
  readonly method?: number | string;
  readonly timeoutMs?: number;
  readonly sequence?: number;
  readonly sentAt?: number;
  readonly metadata?: Buffer;
}

/** The call that belongs to a stream, unless told otherwise. */
export function openPayload(streamId: number, init: RawOpen = {}): Buffer {
  const { method = 0, timeoutMs = 10_000, sequence = (streamId + 1) / 2, sentAt = Date.now(), metadata = "" } = init;
  const path = typeof method === "string" ? Buffer.from(method) : Buffer.alloc(0);
  const head = Buffer.alloc(18);
  head.writeUInt16BE(typeof method === "string" ? path.length : method, 0);
  head.writeUInt32BE(timeoutMs, 2);
  head.writeUInt32BE(sequence, 6);
  head.writeDoubleBE(sentAt, 10);
  return Buffer.concat([head, path, Buffer.from(metadata)]);
}

export function open(streamId: number, init: RawOpen = {}): Buffer {
  const flags = typeof init.method === "string" ? flag.byPath : 0;
  return frame(type.open, flags, streamId, openPayload(streamId, init));
}

export function data(streamId: number, payload: Uint8Array | string, flags = 0): Buffer {
  return frame(type.data, flags, streamId, payload);
}

export function endOfMessages(streamId: number): Buffer {
  return frame(type.data, flag.last | flag.none, streamId);
}

export function end(streamId: number, status = 0): Buffer {
  return frame(type.end, 0, streamId, Buffer.from([status]));
}

export function cancel(streamId: number): Buffer {
  return frame(type.cancel, 0, streamId);
}

export function window(streamId: number, bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(type.window, 0, streamId, payload);
}

export function ping(payload: Uint8Array | string = "12345678", flags = 0): Buffer {
  return frame(type.ping, flags, 0, payload);
}

export function goAway(lastStreamId: number, code = 0, text = ""): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(lastStreamId);
  head[4] = code;
  return frame(type.goAway, 0, 0, Buffer.concat([head, Buffer.from(text)]));
}

/** Pairs of key and value as they travel. */
export function metadataBlock(...pairs: readonly (readonly [key: string, value: Uint8Array | string])[]): Buffer {
  return Buffer.concat(
    pairs.flatMap(([key, value]) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(Buffer.byteLength(value));
      return [Buffer.from([key.length]), Buffer.from(key, "latin1"), length, Buffer.from(value)];
    }),
  );
}

export function readGoAway({ payload }: RawFrame): LastWord {
  return { lastStreamId: payload.readUInt32BE(0), code: payload[4] as number, text: payload.toString("utf8", 5) };
}

export function readHello({ payload }: RawFrame): Hello {
  return fromBinary(HelloSchema, payload);
}
