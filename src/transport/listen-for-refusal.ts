import type { TLSSocket } from "node:tls";
import { PeerError } from "../errors.js";
import { handshakeError } from "./handshake-error.js";
import { parseRefusal, type Refusal } from "./refusal.js";
import type { SecureConnection } from "./secure-connection.js";

/**
 * In TLS 1.3 a client has finished before the server has seen its certificate, so the server's verdict comes after the
 * handshake: as its first bytes. In both protocols a server speaks first (RFC 9113 section 3.4), so there is something to hear
 * at once; one that stays silent is not waited for. What it said otherwise is put back, for whoever reads the socket next.
 *
 * @throws PeerError ERR_REFUSED_BY_PEER, ERR_TOO_MANY_CONNECTIONS, ERR_HANDSHAKE_FAILED
 */
export async function listenForRefusal(connection: SecureConnection): Promise<void> {
  const { socket, protocol } = connection;
  const bytes = await firstBytes(socket);
  if (bytes === undefined) return;
  const refusal = parseRefusal(protocol, bytes);
  if (refusal !== undefined) throw refusalError(refusal);
  socket.unshift(bytes);
}

/** Enough for a busy machine. A server that waits for the client to speak first costs this once for each connection. */
const patienceMs = 1_000;

function firstBytes(socket: TLSSocket): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => leave(() => resolve(undefined)), patienceMs);
    const onReadable = () => {
      const bytes: Buffer | null = socket.read();
      if (bytes !== null) leave(() => resolve(bytes));
    };
    const onError = (cause: Error) => leave(() => reject(handshakeError(cause)));
    const onEnd = () => leave(() => reject(leftWithoutWord()));
    const leave = (next: () => void) => {
      clearTimeout(timer);
      socket.off("readable", onReadable).off("error", onError).off("end", onEnd).off("close", onEnd);
      next();
    };
    socket.on("readable", onReadable).on("error", onError).on("end", onEnd).on("close", onEnd);
  });
}

function refusalError({ kind, reference }: Refusal): PeerError {
  if (kind === "busy") {
    const message = `the server has too many connections from us already; its log says more under ${reference}`;
    return new PeerError("ERR_TOO_MANY_CONNECTIONS", message);
  }
  return new PeerError("ERR_REFUSED_BY_PEER", `the server refuses us; its log says why under ${reference}`);
}

function leftWithoutWord(): PeerError {
  return new PeerError("ERR_HANDSHAKE_FAILED", "the server closed the connection right after the handshake");
}
