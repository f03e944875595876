import { type ErrorCode, PeerError } from "../errors.js";

/** Why a token is refused; `docs/tokens.md` has the order in which these are found. */
export type TokenCode = Exclude<Extract<ErrorCode, `ERR_TOKEN_${string}`>, "ERR_TOKEN_UNAVAILABLE">;

/** The message holds nothing of the token but names that were checked: a token is not for the log. */
export function tokenRefusal(code: TokenCode, message: string, options?: ErrorOptions): PeerError {
  return new PeerError(code, message, options);
}
