import type { CredentialState } from "../credentials/credential-state.js";
import type { CodedError } from "../errors.js";
import type { Source } from "../source.js";
import type { Address } from "./address.js";
import type { ConnectionLimits } from "./admission.js";
import type { SecureConnection } from "./secure-connection.js";

/** Why a connection was refused, for the log. The peer hears the reference, never the reason. */
export interface ConnectionRefusal {
  readonly reason: CodedError;
  readonly reference: string;
}

export interface SecureListenerOptions {
  readonly credentials: Source<CredentialState>;
  /** In order of preference; see {@link protocols}. */
  readonly protocols: readonly string[];
  readonly limits: ConnectionLimits;
  onConnection(connection: SecureConnection): void;
  onRefused(refusal: ConnectionRefusal): void;
  readonly now?: () => number;
  /** How long a retired connection may finish its calls. @default 10_000 */
  readonly retireGraceMs?: number;
}

/** The way from `accept()` to a verified connection. */
export interface SecureListener {
  /** May be called more than once, with different addresses. @throws ConfigError */
  listen(address: Address): Promise<void>;
  /** Gives the addresses up; connections go on. */
  stopAccepting(): Promise<void>;
  /** Ends everything and waits until it has ended. */
  close(): Promise<void>;
  readonly connections: ReadonlySet<SecureConnection>;
}

export declare function createSecureListener(options: SecureListenerOptions): SecureListener;
