/** The parts of limbo's format that are used here (https://x509-limbo.com/schema/). */
export interface LimboFile {
  readonly version: number;
  readonly testcases: readonly LimboCase[];
}

export interface LimboCase {
  readonly id: string;
  /** What the peer is. */
  readonly validation_kind: "CLIENT" | "SERVER";
  /** PEM, one certificate each. */
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  /** ISO 8601. Absent: now. */
  readonly validation_time?: string | null;
  readonly expected_result: "SUCCESS" | "FAILURE";
  readonly expected_peer_name?: LimboName | null;
  readonly expected_peer_names: readonly LimboName[];
}

export interface LimboName {
  readonly kind: "DNS" | "IP" | "RFC822";
  readonly value: string;
}
