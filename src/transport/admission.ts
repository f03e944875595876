/** What a server spends on peers, most of it before it knows who they are. The reasons are in `docs/defaults.md`. */
export interface ConnectionLimits {
  /** From `accept()` to a verified connection. */
  readonly handshakeTimeoutMs: number;
  /** Handshakes computed at the same time; further ones wait their turn. */
  readonly maxHandshakes: number;
  /** All connections, verified or not; further ones are closed at once. */
  readonly maxConnections: number;
  /** Verified connections of one SPIFFE ID. */
  readonly maxConnectionsPerPeer: number;
}

export const defaultConnectionLimits: ConnectionLimits = {
  handshakeTimeoutMs: 5_000,
  maxHandshakes: 128,
  maxConnections: 1_024,
  maxConnectionsPerPeer: 64,
};
