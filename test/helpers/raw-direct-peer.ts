import { once } from "node:events";
import { connect, createServer, type TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import {
  type HelloInit,
  hello,
  type LastWord,
  type RawFrame,
  readGoAway,
  readHello,
  splitFrames,
  type,
} from "../../scripts/direct-frames.js";
import type { Hello } from "../../src/gen/pinwire/direct/v1/hello_pb.js";
import type { UnixAddress } from "../../src/transport/address.js";
import type { Minted } from "./mint.js";
import { Queue } from "./secure-pair.js";
import { serveRaw } from "./tls-peer.js";

/** One end of a direct connection with a good certificate and no manners: real TLS, frames by hand. */
export class RawDirectPeer {
  readonly socket: TLSSocket;
  /** All that came; it is taken one by one with {@link next}. */
  readonly frames = new Queue<RawFrame | "end">();
  /** Settles when the other side has closed the connection. */
  readonly closed: Promise<void>;
  #buffered: Buffer = Buffer.alloc(0);

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
    const goAway = await this.next(type.goAway);
    await this.closed;
    return readGoAway(goAway);
  }

  #push(chunk: Buffer): void {
    const { frames, rest } = splitFrames(Buffer.concat([this.#buffered, chunk]));
    this.#buffered = rest;
    for (const found of frames) this.frames.add(found);
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
