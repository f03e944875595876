import { type KeyObject, randomBytes } from "node:crypto";
import { CompactSign } from "jose/jws/compact/sign";
import { ConfigError } from "../errors.js";
import { publicJwkOf, thumbprintOf } from "./public-jwk.js";
import { claimsFault, type TokenClaims } from "./token-claims.js";
import { tokenLimits, tokenType } from "./token-limits.js";

/**
 * Signs claims with a P-256 key, as they are: whether they may be said is for others.
 *
 * @throws ConfigError ERR_KEY_UNSUPPORTED, ERR_INVALID_OPTION when no verifier would take the result
 */
export async function signToken(claims: TokenClaims, key: KeyObject): Promise<string> {
  const jwk = publicJwkOf(key);
  if (jwk === undefined) {
    throw new ConfigError("ERR_KEY_UNSUPPORTED", "the key that signs tokens is not P-256", "issue one with certs-tool");
  }
  const text = JSON.stringify(claims);
  const fault = /[^\x20-\x7e]|\\/.test(text) ? "a claim is not printable ASCII" : claimsFault({ ...claims });
  if (fault !== undefined) throw unusable(fault);
  const token = await new CompactSign(Buffer.from(text))
    .setProtectedHeader({ typ: tokenType, alg: "ES256", kid: thumbprintOf(jwk) })
    .sign(key);
  if (token.length <= tokenLimits.maxLength) return token;
  throw unusable(`it has ${token.length} characters, and ${tokenLimits.maxLength} are read`);
}

/** 128 random bits: never used twice. */
export function newTokenId(): string {
  return randomBytes(16).toString("base64url");
}

function unusable(fault: string): ConfigError {
  return new ConfigError(
    "ERR_INVALID_OPTION",
    `no such token can be used: ${fault}`,
    "ask for fewer or shorter scopes",
  );
}
