import type { SecureConnection } from "../../transport/secure-connection.js";

/** How long the last GOAWAY may take to leave. */
const lastWordsMs = 1_000;

/** How long the peer may take to read what is left and close. */
const closeTimeoutMs = 10_000;

/** Ends a connection in good order. A peer that does not end its half of it is not waited for. */
export function endConnection(connection: SecureConnection): void {
  connection.socket.end();
  destroyAfter(connection, closeTimeoutMs, new Error("the peer did not close the connection"));
}

/** Ends a connection whose peer has broken the protocol. The last word is to leave before the socket closes. */
export function breakConnection(connection: SecureConnection, reason: Error): void {
  connection.socket.end();
  // What still comes is thrown away: with bytes left in the kernel, closing would be a reset, and GOAWAY might be lost.
  connection.socket.resume();
  destroyAfter(connection, lastWordsMs, reason);
}

function destroyAfter(connection: SecureConnection, ms: number, reason: Error): void {
  const timer = setTimeout(() => connection.destroy(reason), ms).unref();
  connection.onClose(() => clearTimeout(timer));
}
