import type { Socket } from "node:net";
import type { SecureConnection } from "../transport/secure-connection.js";

/** How a client's transports reach the one server they accept. Every failure is a `PeerError`. */
export interface Dialer {
  /** Where the server listens, as the operating system names it. */
  readonly path: string;
  /** Connects, verifies who answers, and lets it choose among the protocols. */
  dial(protocols: readonly string[], signal: AbortSignal): Promise<SecureConnection>;
  /** Looks at the socket before connecting. */
  check(): Promise<void>;
  /** Verifies who is at the other end of a connected socket. */
  secure(raw: Socket, protocols: readonly string[]): Promise<SecureConnection>;
}
