import { ConfigError, PeerError } from "../errors.js";
import type { PeerIdentity } from "../identity/verify-peer.js";
import type { Address } from "./address.js";

export function allTaken(maxConnections: number): PeerError {
  return new PeerError("ERR_TOO_MANY_CONNECTIONS", `all ${maxConnections} connections are taken`);
}

export function tooManyOfOne(peer: PeerIdentity, most: number): PeerError {
  return new PeerError("ERR_TOO_MANY_CONNECTIONS", `${peer.id} has ${most} connections already`, {
    facts: { peerId: peer.id.toString(), pin: peer.pin.toString() },
  });
}

export function acceptFailed({ text }: Address, cause: NodeJS.ErrnoException): ConfigError {
  const problem = `a connection to ${text} could not be accepted: ${cause.code}`;
  return new ConfigError("ERR_LISTEN_FAILED", problem, "raise the limit of open files (ulimit -n)", { cause });
}

export function unusableCredentials(cause: unknown): ConfigError {
  const problem = "TLS cannot use the new credentials; connections are refused until they change";
  return new ConfigError("ERR_KEY_UNSUPPORTED", problem, "write them again, with an ECDSA P-256 key", { cause });
}
