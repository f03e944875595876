import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { UnixAddress } from "../../src/transport/address.js";
import type { Minted } from "./mint.js";
import { serveRaw } from "./tls-peer.js";

export type RawAnswer = (stream: ServerHttp2Stream, server: RawH2Server) => void;

/** A server with a good certificate and no manners: HTTP/2 by node:http2, gRPC by hand. */
export class RawH2Server {
  readonly #sockets = new Set<Socket>();
  /** What each call is answered with. */
  answer: RawAnswer;

  static async listen(address: UnixAddress, leaf: Minted, answer: RawAnswer): Promise<RawH2Server> {
    const server = createSecureServer({
      key: leaf.keyPem,
      cert: leaf.pem,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ["h2"],
    });
    const raw = new RawH2Server(server, answer);
    await serveRaw(address, server);
    return raw;
  }

  /** Ends all connections without a word of HTTP/2. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  private constructor(server: Http2SecureServer, answer: RawAnswer) {
    this.answer = answer;
    server.on("session", (session) => {
      session.on("error", () => {});
      onTestFinished(() => session.destroy());
    });
    server.on("stream", (stream) => {
      stream.on("error", () => {});
      stream.resume();
      this.answer(stream, this);
    });
    server.on("sessionError", () => {});
    server.on("tlsClientError", () => {});
    server.on("secureConnection", (socket) => this.#sockets.add(socket));
  }
}

/** Headers of an answer that is one of gRPC. */
export const grpcAnswer = { ":status": 200, "content-type": "application/grpc" } as const;

/** Headers, body, trailers: whatever is given. With headers alone these are all there is ("Trailers-Only"). */
export function answerWith(
  headers: Record<string, string | number | readonly string[]>,
  body?: Uint8Array,
  trailers?: Record<string, string | number | readonly string[]>,
): RawAnswer {
  if (body === undefined && trailers === undefined)
    return (stream) => stream.respond(headers as never, { endStream: true });
  return (stream) => {
    stream.respond(headers as never, { waitForTrailers: trailers !== undefined });
    if (trailers !== undefined) stream.once("wantTrailers", () => stream.sendTrailers(trailers as never));
    stream.end(body);
  };
}
