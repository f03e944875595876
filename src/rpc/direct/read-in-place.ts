import type { TLSSocket } from "node:tls";

/** A TLS record holds no more. */
const bufferBytes = 16 * 1024;

/** What Node.js itself does for a socket that is made with the option `onread`. */
interface Internals {
  [symbol: symbol]: unknown;
  _handle?: { useUserBuffer?(buffer: Uint8Array): void } | null;
}

/**
 * Has the socket read into one buffer over and over, instead of making one for each record: of a stream of large messages
 * that is half of what the collector has to deal with. Node.js has this as the option `onread`, but not for a TLS socket
 * over a socket that is there already, so it is set from outside. False where that cannot be done; then nothing has changed.
 *
 * `onBytes` is called instead of `data` from then on. What it is given is only good until it returns.
 */
export function readInPlace(socket: TLSSocket, onBytes: (bytes: Buffer) => void): boolean {
  // Bytes that wait in the stream would be overtaken.
  if (socket.destroyed || socket.readableLength > 0) return false;
  const internals = socket as unknown as Internals;
  const bufferKey = symbolOf(socket, "kBuffer");
  const callbackKey = symbolOf(socket, "kBufferCb");
  const { _handle: handle } = internals;
  if (bufferKey === undefined || callbackKey === undefined || typeof handle?.useUserBuffer !== "function") return false;
  if (internals[bufferKey] !== null) return false;
  const buffer = Buffer.allocUnsafeSlow(bufferBytes);
  handle.useUserBuffer(buffer);
  internals[bufferKey] = buffer;
  internals[callbackKey] = (length: number) => {
    onBytes(buffer.subarray(0, length));
    return true;
  };
  return true;
}

function symbolOf(socket: TLSSocket, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(socket).find((symbol) => symbol.description === description);
}
