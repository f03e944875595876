import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { connect, createSecureContext, type TLSSocket } from "node:tls";
import type { Party } from "../place.js";
import type { Connection } from "../subject.js";
import { AnswerQueue } from "./answer-queue.js";
import { FrameReader, frameKinds } from "./frame-reader.js";
import { FrameWriter } from "./frame-writer.js";

/** Connects with mutual TLS 1.3. */
export async function connector(path: string, { directory }: Party): Promise<() => Connection> {
  const secureContext = createSecureContext({
    key: await readFile(join(directory, "key.pem")),
    cert: await readFile(join(directory, "cert.pem")),
    ca: await readFile(join(directory, "bundle.pem")),
    minVersion: "TLSv1.3",
  });
  return () => new FrameConnection(connect({ path, secureContext, servername: "localhost" }));
}

class FrameConnection implements Connection {
  readonly #socket: TLSSocket;
  readonly #writer: FrameWriter;
  /** By the kind of frame. */
  readonly #answers = Object.values(frameKinds).map(() => new AnswerQueue());

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.#writer = new FrameWriter(socket);
    const reader = new FrameReader((kind, payload) => this.#answers[kind]?.answer(payload));
    socket.on("data", (chunk) => reader.push(chunk));
    socket.on("error", (error) => {
      for (const answers of this.#answers) answers.fail(error);
    });
  }

  async echo(payload: Uint8Array): Promise<number> {
    this.#writer.write(frameKinds.echo, payload);
    return (await this.#answer(frameKinds.echo)).length;
  }

  async download(messageBytes: number, count: number): Promise<number> {
    const request = Buffer.alloc(8);
    request.writeUInt32BE(messageBytes, 0);
    request.writeUInt32BE(count, 4);
    this.#writer.write(frameKinds.download, request);
    return this.#bytesOf(frameKinds.download, count);
  }

  async upload(payload: Uint8Array, count: number): Promise<number> {
    await this.#send(frameKinds.upload, payload, count);
    this.#writer.write(frameKinds.uploadEnd, new Uint8Array());
    return (await this.#answer(frameKinds.uploadEnd)).readUInt32BE(0);
  }

  async exchange(payload: Uint8Array, count: number): Promise<number> {
    const [bytes] = await Promise.all([
      this.#bytesOf(frameKinds.echo, count),
      this.#send(frameKinds.echo, payload, count),
    ]);
    return bytes;
  }

  async close(): Promise<void> {
    this.#socket.destroy();
  }

  async #send(kind: number, payload: Uint8Array, count: number): Promise<void> {
    for (let left = count; left > 0; left -= 1) {
      const slow = this.#writer.writeSlowly(kind, payload);
      if (slow !== undefined) await slow;
    }
  }

  async #bytesOf(kind: number, count: number): Promise<number> {
    let bytes = 0;
    for (const answer of Array.from({ length: count }, () => this.#answer(kind))) bytes += (await answer).length;
    return bytes;
  }

  #answer(kind: number): Promise<Buffer> {
    return this.#answers[kind]?.next() ?? Promise.reject(new Error(`no frame is of kind ${kind}`));
  }
}
