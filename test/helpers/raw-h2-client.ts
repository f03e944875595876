import { once } from "node:events";
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from "node:http2";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import type { GreeterPair } from "./greeter-pair.js";
import { clientId } from "./identities.js";
import type { Minted } from "./mint.js";

/** What came back on one stream, however wrong the request was. */
export interface RawResponse {
  readonly httpStatus: number | undefined;
  /** From trailers or a trailers-only response; undefined when there was none. */
  readonly status: number | undefined;
  readonly message: string | undefined;
  readonly body: Buffer;
  /** Code of RST_STREAM; 0 when the stream ended in good order. */
  readonly rstCode: number;
}

/** A client with a good certificate and no manners: HTTP/2 by node:http2, gRPC by hand. */
export class RawH2Client {
  readonly session: ClientHttp2Session;

  /** In the place of the client of a pair, with its certificate. */
  static of({ target, world }: Pick<GreeterPair, "target" | "world">): Promise<RawH2Client> {
    return RawH2Client.connect(target.slice("unix:".length), world.leaf(clientId));
  }

  static async connect(path: string, leaf: Pick<Minted, "pem" | "keyPem">): Promise<RawH2Client> {
    const socket: TLSSocket = connectTls({
      path,
      key: leaf.keyPem,
      cert: leaf.pem,
      rejectUnauthorized: false,
      ALPNProtocols: ["h2"],
    });
    await once(socket, "secureConnect");
    const session = connect("https://localhost", { createConnection: () => socket });
    session.on("error", () => {});
    onTestFinished(() => session.destroy());
    await once(session, "remoteSettings");
    return new RawH2Client(session);
  }

  private constructor(session: ClientHttp2Session) {
    this.session = session;
  }

  /** Sends one request as it is. `body` is sent in one piece; leave the stream open with `end: false`. */
  async call(headers: OutgoingHttpHeaders, body: Uint8Array = Buffer.alloc(0), end = true): Promise<RawResponse> {
    const stream = this.session.request({ ...grpcHeaders, ...headers }, { endStream: false });
    const chunks: Buffer[] = [];
    let httpStatus: number | undefined;
    let final: Record<string, unknown> = {};
    stream.on("response", (received) => {
      httpStatus = Number(received[":status"]);
      final = { ...final, ...received };
    });
    stream.on("trailers", (received) => {
      final = { ...final, ...received };
    });
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("error", () => {});
    if (end) stream.end(body);
    else stream.write(body);
    // Without an end of ours the stream stays half open, even when the server has said all it has to say.
    await new Promise<void>((resolve) => stream.once("end", resolve).once("close", resolve));
    if (!end) stream.close();
    const status = final["grpc-status"];
    return {
      httpStatus,
      status: status === undefined ? undefined : Number(status),
      message: final["grpc-message"] === undefined ? undefined : decodeURIComponent(String(final["grpc-message"])),
      body: Buffer.concat(chunks),
      rstCode: stream.rstCode ?? 0,
    };
  }
}

const grpcHeaders = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };

/** A message with gRPC's five-byte prefix; `length` may lie. */
export function framed(message: Uint8Array, length = message.length, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag, 0);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
}
