import { once } from "node:events";
import { connect, createServer, type TLSSocket } from "node:tls";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { onTestFinished } from "vitest";
import { type Hello, HelloSchema, LimitsSchema, MethodSchema } from "../../src/gen/pinwire/direct/v1/hello_pb.js";
import type { UnixAddress } from "../../src/transport/address.js";
import type { Minted } from "./mint.js";
import { Queue } from "./secure-pair.js";
import { serveRaw } from "./tls-peer.js";

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

export function readHello({ payload }: RawFrame): Hello {
  return fromBinary(HelloSchema, payload);
}

/** One end of a direct connection with a good certificate and no manners: real TLS, frames by hand. */
export class RawDirectPeer {
  readonly socket: TLSSocket;
  /** All that came; it is taken one by one with {@link next}. */
  readonly frames = new Queue<RawFrame | "end">();
  /** Settles when the other side has closed the connection. */
  readonly closed: Promise<void>;
  #buffered = Buffer.alloc(0);

  /** A client of a pinwire server. Nothing is sent, not even HELLO. */
  static async connect(path: string, leaf: Minted): Promise<RawDirectPeer> {
    const options = { key: leaf.keyPem, cert: leaf.pem, rejectUnauthorized: false, ALPNProtocols: ["pinwire/1"] };
    const socket = connect({ path, ...options });
    await once(socket, "secureConnect");
    return new RawDirectPeer(socket);
  }

  constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk) => this.#push(chunk));
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    void this.closed.then(() => this.frames.add("end"));
    onTestFinished(() => void socket.destroy());
  }

  /** All in one piece. */
  send(...frames: Uint8Array[]): this {
    this.socket.write(Buffer.concat(frames));
    return this;
  }

  /** Says HELLO and waits for the other side's. */
  async greet(init: HelloInit = {}): Promise<Hello> {
    this.send(hello(init));
    return readHello(await this.next(type.hello));
  }

  /** The next frame of a type, without those before it. @throws when the connection ends before */
  async next(frameType: number): Promise<RawFrame> {
    for (;;) {
      const found = await this.frames.next();
      if (found === "end") throw new Error(`the connection ended before a frame of type ${frameType} came`);
      if (found.type === frameType) return found;
    }
  }

  /** What GOAWAY said, after the other side has closed the connection. */
  async lastWord(): Promise<LastWord> {
    const { payload } = await this.next(type.goAway);
    await this.closed;
    return { lastStreamId: payload.readUInt32BE(0), code: payload[4] as number, text: payload.toString("utf8", 5) };
  }

  #push(chunk: Buffer): void {
    this.#buffered = Buffer.concat([this.#buffered, chunk]);
    while (this.#buffered.length >= 10) {
      const frameEnd = 10 + this.#buffered.readUInt32BE(0);
      if (this.#buffered.length < frameEnd) return;
      this.frames.add({
        type: this.#buffered[4] as number,
        flags: this.#buffered[5] as number,
        streamId: this.#buffered.readUInt32BE(6),
        payload: this.#buffered.subarray(10, frameEnd),
      });
      this.#buffered = this.#buffered.subarray(frameEnd);
    }
  }
}

/** Where a pinwire client looks for its server. */
export class RawDirectServer {
  readonly connections = new Queue<RawDirectPeer>();

  static async listen(address: UnixAddress, leaf: Minted): Promise<RawDirectServer> {
    const server = new RawDirectServer();
    const options = { key: leaf.keyPem, cert: leaf.pem, requestCert: true, rejectUnauthorized: false };
    const tls = createServer({ ...options, ALPNProtocols: ["pinwire/1"] });
    tls.on("secureConnection", (socket) => server.connections.add(new RawDirectPeer(socket)));
    tls.on("tlsClientError", () => {});
    await serveRaw(address, tls);
    return server;
  }

  accept(): Promise<RawDirectPeer> {
    return this.connections.next();
  }

  /** Says HELLO on the next connection and waits for the client's. */
  async greet(init: HelloInit = {}): Promise<RawDirectPeer> {
    const peer = await this.accept();
    await peer.greet(init);
    return peer;
  }
}
