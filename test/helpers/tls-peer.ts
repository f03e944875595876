import { mkdirSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { dirname } from "node:path";
import {
  type ConnectionOptions,
  connect,
  createServer as createTlsServer,
  type TLSSocket,
  type TlsOptions,
} from "node:tls";
import { onTestFinished } from "vitest";
import type { UnixAddress } from "../../src/transport/address.js";
import type { SecurePair } from "./secure-pair.js";

/** What somebody with nothing but node:tls gets out of a secure listener. */
export interface TlsVisit {
  readonly socket: TLSSocket;
  /** Everything the server said until it closed the connection, and the error if it ended with one. */
  readonly said: Promise<{ readonly bytes: Buffer; readonly error: NodeJS.ErrnoException | undefined }>;
}

/** Connects with TLS and any options: without a certificate, with a wrong one, with another version. */
export function visit(pair: SecurePair, options: ConnectionOptions = {}): TlsVisit {
  const socket = connect({ socket: pair.rawSocket(), rejectUnauthorized: false, ALPNProtocols: ["h2"], ...options });
  onTestFinished(() => void socket.destroy());
  const chunks: Buffer[] = [];
  let error: NodeJS.ErrnoException | undefined;
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", (cause) => {
    error = cause;
  });
  const said = new Promise<Awaited<TlsVisit["said"]>>((resolve) => {
    socket.once("close", () => resolve({ bytes: Buffer.concat(chunks), error }));
  });
  return { socket, said };
}

/** A TLS server with any options, at an address where a pinwire client looks for its server. */
export async function rogueServer(
  address: UnixAddress,
  options: TlsOptions,
  onSecure = (_: TLSSocket) => {},
): Promise<void> {
  const server = createTlsServer({
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ["pinwire/1", "h2"],
    ...options,
  });
  server.on("secureConnection", (socket) => {
    socket.on("error", () => {});
    onSecure(socket);
  });
  server.on("tlsClientError", () => {});
  await serveRaw(address, server);
}

/** Any server on a socket, without what pinwire does for its own. */
export async function serveRaw({ path }: UnixAddress, server: Server = createServer()): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  server.on("connection", (socket) => {
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
}
