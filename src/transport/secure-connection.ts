import type { TLSSocket } from "node:tls";
import type { PeerIdentity } from "../identity/verify-peer.js";

/**
 * A TLS 1.3 connection whose peer is verified. It exists only after the gate said yes, and it ends by itself when what it
 * rests on ends: the peer's certificate expires, its pin is withdrawn, it is revoked, or its issuer is dropped.
 *
 * Both sides use it. Its socket already has an `error` listener and is not read from: whoever takes the connection over
 * must start to read, else the end of the connection is noticed late.
 */
export interface SecureConnection {
  /** Random, for logs. */
  readonly id: string;
  readonly socket: TLSSocket;
  readonly peer: PeerIdentity;
  /** What ALPN chose; one of {@link protocols}. */
  readonly protocol: string;
  /** Numbers the credentials this connection was made with; rises within the process. */
  readonly generation: number;

  /**
   * Call it before each call that is served or sent: connections outlive decisions. Costs two comparisons.
   *
   * @throws PeerError the reason why the peer is no longer trusted; the connection is then already destroyed
   */
  assertTrusted(): void;

  /**
   * Finish the calls under way and begin no new ones: the connection is destroyed `retireGraceMs` later. Called once; at
   * once when that moment has passed already.
   */
  onRetire(listener: () => void): void;

  /**
   * Called once, when the socket is closed; at once when it is closed already. `reason` is absent when the peer ended the
   * connection in good order.
   */
  onClose(listener: (reason?: Error) => void): void;

  /** Ends the connection now, without waiting for the peer. The first reason is the one that counts. */
  destroy(reason: Error): void;
}
