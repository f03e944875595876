import type { Socket } from "node:net";
import type { CredentialState } from "../credentials/credential-state.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import type { Source } from "../source.js";
import type { Address } from "./address.js";
import type { SecureConnection } from "./secure-connection.js";

export interface SecureSocketOptions {
  readonly credentials: Source<CredentialState>;
  /** The only server accepted. */
  readonly expected: SpiffeId;
  /** In order of preference; see {@link protocols}. */
  readonly protocols: readonly string[];
  /** For everything from here to the verified connection. */
  readonly handshakeTimeoutMs: number;
  readonly now?: () => number;
  /** How long a retired connection may finish its calls. @default 10_000 */
  readonly retireGraceMs?: number;
  /** Gives up at once; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface DialOptions extends SecureSocketOptions {
  readonly address: Address;
}

/** Checks the socket, connects, and verifies who answers. @throws PeerError in every case of failure */
export declare function dial(options: DialOptions): Promise<SecureConnection>;

/** Runs TLS over a connected socket and verifies who answers. @throws PeerError in every case of failure */
export declare function secureSocket(raw: Socket, options: SecureSocketOptions): Promise<SecureConnection>;
