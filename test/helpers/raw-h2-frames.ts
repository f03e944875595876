import { createServer, type TLSSocket } from "node:tls";
import type { UnixAddress } from "../../src/transport/address.js";
import type { Minted } from "./mint.js";
import { Queue } from "./secure-pair.js";
import { serveRaw } from "./tls-peer.js";

/** Types of HTTP/2 frames (RFC 9113 section 6). */
export const h2Type = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, window: 8 } as const;

export const h2Flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8 } as const;

export interface H2Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export function h2Frame(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** A header block of literals that are not indexed, without Huffman coding (RFC 7541 section 6.2.2). */
export function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value, "latin1")]);
  return Buffer.concat(Object.entries(headers).flatMap(([key, value]) => [Buffer.from([0]), text(key), text(value)]));
}

export function headersFrame(streamId: number, headers: Readonly<Record<string, string>>, end = false): Buffer {
  return h2Frame(h2Type.headers, h2Flag.endHeaders | (end ? h2Flag.endStream : 0), streamId, headerBlock(headers));
}

export function dataFrame(streamId: number, payload: Uint8Array): Buffer {
  return h2Frame(h2Type.data, 0, streamId, payload);
}

/** The payload between its length and so many bytes of padding (RFC 9113 section 6.1). */
export function paddedDataFrame(streamId: number, payload: Uint8Array, padding: number): Buffer {
  const padded = Buffer.concat([Buffer.from([padding]), payload, Buffer.alloc(padding)]);
  return h2Frame(h2Type.data, h2Flag.padded, streamId, padded);
}

export function resetFrame(streamId: number, code: number): Buffer {
  return h2Frame(h2Type.reset, 0, streamId, uint32(code));
}

export function goAwayFrame(lastStreamId: number, code = 0): Buffer {
  return h2Frame(h2Type.goAway, 0, 0, Buffer.concat([uint32(lastStreamId), uint32(code)]));
}

export function settingsFrame(settings: readonly (readonly [id: number, value: number])[] = []): Buffer {
  const pairs = settings.map(([id, value]) => Buffer.concat([Buffer.from([id >> 8, id & 0xff]), uint32(value)]));
  return h2Frame(h2Type.settings, 0, 0, Buffer.concat(pairs));
}

/** One connection of a server that speaks HTTP/2 by hand. Settings and pings are answered; all else is for the test. */
export class RawH2Connection {
  readonly frames = new Queue<H2Frame>();
  readonly #socket: TLSSocket;
  #buffered = Buffer.alloc(0);
  #greeted = false;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk) => this.#push(chunk));
  }

  send(...frames: Uint8Array[]): void {
    this.#socket.write(Buffer.concat(frames));
  }

  /** The ID of the next stream that the client opens. */
  async nextCall(): Promise<number> {
    return (await this.next(h2Type.headers)).streamId;
  }

  async next(type: number): Promise<H2Frame> {
    for (;;) {
      const frame = await this.frames.next();
      if (frame.type === type) return frame;
    }
  }

  #push(chunk: Buffer): void {
    this.#buffered = Buffer.concat([this.#buffered, chunk]);
    if (!this.#greeted) {
      if (this.#buffered.length < prefaceBytes) return;
      this.#buffered = this.#buffered.subarray(prefaceBytes);
      this.#greeted = true;
    }
    while (this.#buffered.length >= 9) {
      const end = 9 + this.#buffered.readUIntBE(0, 3);
      if (this.#buffered.length < end) return;
      const [type = 0, flags = 0] = this.#buffered.subarray(3, 5);
      const streamId = this.#buffered.readUInt32BE(5);
      this.#receive({ type, flags, streamId, payload: Buffer.from(this.#buffered.subarray(9, end)) });
      this.#buffered = this.#buffered.subarray(end);
    }
  }

  #receive(frame: H2Frame): void {
    const isAck = (frame.flags & h2Flag.ack) !== 0;
    if (frame.type === h2Type.settings && !isAck) this.send(h2Frame(h2Type.settings, h2Flag.ack, 0));
    if (frame.type === h2Type.ping && !isAck) this.send(h2Frame(h2Type.ping, h2Flag.ack, 0, frame.payload));
    this.frames.add(frame);
  }
}

/** Where a pinwire client looks for its server: good TLS, HTTP/2 by hand. */
export async function listenRawH2(
  address: UnixAddress,
  leaf: Minted,
  settings: readonly (readonly [id: number, value: number])[] = [],
): Promise<Queue<RawH2Connection>> {
  const connections = new Queue<RawH2Connection>();
  const options = { key: leaf.keyPem, cert: leaf.pem, requestCert: true, rejectUnauthorized: false };
  const server = createServer({ ...options, ALPNProtocols: ["h2"] });
  server.on("tlsClientError", () => {});
  server.on("secureConnection", (socket) => {
    const connection = new RawH2Connection(socket);
    connection.send(settingsFrame(settings));
    connections.add(connection);
  });
  await serveRaw(address, server);
  return connections;
}

const prefaceBytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".length;

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
