import type { Socket } from "node:net";
import { PeerError } from "../errors.js";

/**
 * Waits until a connection has sent its first TLS record, so that only peers that have something to say take a place
 * among the handshakes, and one that speaks no TLS is told apart at its first byte. What was read is put back.
 *
 * Calls `onHello` or `onFault` once, or neither when the connection ends before.
 */
export function awaitClientHello(socket: Socket, onHello: () => void, onFault: (fault: PeerError) => void): void {
  const chunks: Buffer[] = [];
  const onData = (chunk: Buffer) => {
    chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    if (!startsLikeTls(bytes)) {
      socket.off("data", onData);
      onFault(notTls(bytes));
    } else if (bytes.length >= Math.min(firstRecordBytes(bytes), enoughBytes)) {
      socket.off("data", onData);
      socket.pause();
      socket.unshift(bytes);
      onHello();
    }
  };
  socket.on("data", onData);
}

/** Content type `handshake` and major version 3 (RFC 8446 section 5.1). */
const recordStart = [0x16, 0x03];
const recordHeaderBytes = 5;

/** More than any usual ClientHello. Beyond it TLS may decide; the socket would stop reading at its high-water mark. */
const enoughBytes = 4_096;

function startsLikeTls(bytes: Buffer): boolean {
  return recordStart.every((expected, index) => bytes[index] === undefined || bytes[index] === expected);
}

function firstRecordBytes(bytes: Buffer): number {
  return bytes.length < recordHeaderBytes ? recordHeaderBytes : recordHeaderBytes + bytes.readUInt16BE(3);
}

function notTls(bytes: Buffer): PeerError {
  // Hexadecimal, because a peer that is not verified must not choose what stands in the log.
  const start = bytes.subarray(0, 8).toString("hex");
  return new PeerError("ERR_PROTOCOL_VERSION", `the peer does not speak TLS, its first bytes are ${start}`);
}
