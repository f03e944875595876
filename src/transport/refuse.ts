import type { TLSSocket } from "node:tls";
import { type Refusal, refusalBytes } from "./refusal.js";

/** How long a refused peer may take to read why and go. */
const lingerMs = 1_000;

/** Tells a peer that it is refused and ends the connection, after a moment also when the peer does not read. */
export function refuse(socket: TLSSocket, refusal: Refusal): void {
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
  socket.once("close", () => clearTimeout(timer));
  socket.on("error", () => {});
  // Thrown away unread: with bytes left in the kernel, closing would be a reset, and the peer might miss the refusal.
  socket.resume();
  socket.end(refusalBytes(socket.alpnProtocol, refusal) ?? "");
}
