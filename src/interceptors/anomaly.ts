import type { ErrorCode } from "../errors.js";

/** What looks wrong. docs/anomalies.md has the thresholds and what each may mean. */
export type AnomalyKind =
  /** Connections that were refused, one after the other. */
  | "handshake-burst"
  /** A known name with a key that is not the pinned one. */
  | "pin-mismatch"
  /** A certificate that was revoked, or has expired, in use. */
  | "withdrawn-credential"
  /** Calls of one peer that were refused, one after the other. */
  | "refusal-burst"
  /** One peer tries names that nothing is served under. */
  | "method-probing"
  /** Frames or messages of one peer that no program of ours sends. */
  | "malformed-input"
  /** Calls that are old, repeated or out of order. */
  | "replay"
  /** A peer calls what it never called before. */
  | "new-method"
  /** Messages of one peer far larger than any before. */
  | "unusual-size"
  /** Calls of one peer far more often than ever before. */
  | "unusual-rate";

/** One event for a whole burst. */
export interface Anomaly {
  readonly kind: AnomalyKind;
  /** The peer, if it was verified and is one, or what it claims to be for a `pin-mismatch`. */
  readonly peer: string | undefined;
  /** How many of its parts were seen up to here. */
  readonly count: number;
  /** Of the newest part. */
  readonly code: ErrorCode | undefined;
  /** The path, for those about methods; cut. */
  readonly method: string | undefined;
  /** When the first part was seen, in milliseconds since 1970. */
  readonly since: number;
}
