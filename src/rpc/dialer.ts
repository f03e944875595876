import type { Socket } from "node:net";
import type { SecureConnection } from "../transport/secure-connection.js";

/** How a client's transport reaches the one server it accepts. Every failure is a `PeerError`. */
export interface Dialer {
  /** Where the server listens, as the operating system names it. */
  readonly path: string;
  /** Looks at the socket before connecting. */
  check(): Promise<void>;
  /** Verifies who is at the other end of a connected socket. */
  secure(raw: Socket): Promise<SecureConnection>;
}
