import { ConfigError, PeerError } from "../errors.js";
import { parseToken } from "./parse-token.js";
import type { TokenClaims } from "./token-claims.js";

/** What one token of a chain says. */
export interface InspectedToken {
  /** The key that is said to have signed it. */
  readonly kid: string;
  readonly claims: Omit<TokenClaims, "parent" | "key">;
  readonly state: "valid" | "expired" | "not yet valid";
}

/**
 * Reads a token for people, the issuer's first. Nothing is verified but its form.
 *
 * @throws ConfigError ERR_TOKEN_MALFORMED, ERR_TOKEN_DELEGATION
 */
export function inspectToken(text: string, now: Date): InspectedToken[] {
  try {
    return parseToken(text).map(({ kid, claims: { parent: _parent, key: _key, ...claims } }) => {
      return { kid, claims, state: stateOf(claims, now.getTime() / 1_000) };
    });
  } catch (cause) {
    if (!(cause instanceof PeerError)) throw cause;
    throw new ConfigError(cause.code, cause.message, "certs-tool token issue makes good ones", { cause });
  }
}

function stateOf({ nbf, exp }: Pick<TokenClaims, "nbf" | "exp">, now: number): InspectedToken["state"] {
  if (now >= exp) return "expired";
  return now < nbf ? "not yet valid" : "valid";
}
