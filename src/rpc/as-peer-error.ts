import { PeerError } from "../errors.js";

/** Whatever kept us from a connection, as the error that calls are told. */
export function asPeerError(error: unknown): PeerError {
  if (error instanceof PeerError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new PeerError("ERR_CONNECT_FAILED", message, { cause: error });
}
