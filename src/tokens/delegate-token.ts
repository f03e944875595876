import type { KeyObject } from "node:crypto";
import { ConfigError } from "../errors.js";
import { parseToken } from "./parse-token.js";
import { publicJwkOf, thumbprintOf, thumbprintOfSpki } from "./public-jwk.js";
import { newTokenId, signToken } from "./sign-token.js";
import { tokenLimits } from "./token-limits.js";
import { checkScopes, lifetimeSeconds, type TokenRequest } from "./token-request.js";

export interface DelegateRequest extends TokenRequest {
  /** The private key that the parent is bound to: `svid.privateKey` of the credentials that it was issued to. */
  readonly key: KeyObject;
  /** The clock, in milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

/**
 * Makes a narrower token for another holder out of one's own, without asking the issuer. It is for the same server, grants
 * no more, and ends no later; a longer `lifetimeMs` is cut. Revoking the parent, or its holder, revokes it too.
 *
 * @throws ConfigError ERR_TOKEN_DELEGATION when it would not be narrower, the key is another, or the parent may not be
 * handed on; ERR_INVALID_OPTION, ERR_KEY_UNSUPPORTED. PeerError ERR_TOKEN_MALFORMED for a parent that is no token
 */
export async function delegateToken(parent: string, request: DelegateRequest): Promise<string> {
  const links = parseToken(parent);
  const { claims, scopes: granted } = links.at(-1) ?? links[0];
  const scopes = checkScopes(request.scopes);
  const key = publicJwkOf(request.key);
  if (key === undefined || thumbprintOf(key) !== claims.cnf.jkt) {
    throw refused("the token is bound to another key", "use the private key of the credentials that it was issued to");
  }
  if (claims.once === true) throw refused("a token for a single use cannot be handed on", "ask the issuer for another");
  if (links.length > tokenLimits.maxDelegations) {
    throw refused(`the token was handed on ${tokenLimits.maxDelegations} times already`, "ask an earlier holder");
  }
  const wider = [...scopes].find((scope) => !granted.grants(scope));
  if (wider !== undefined) throw refused(`the token does not grant ${wider} itself`, "name only what it grants");
  const now = Math.floor((request.now ?? Date.now)() / 1_000);
  const iat = Math.max(now, claims.nbf);
  const exp = Math.min(iat + lifetimeSeconds(request.lifetimeMs), claims.exp);
  if (exp <= iat) throw refused("the token has expired", "ask the issuer for another");
  const child = {
    iss: claims.sub,
    aud: claims.aud,
    sub: request.holder.id.toString(),
    scope: scopes.toString(),
    iat,
    nbf: iat,
    exp,
    jti: newTokenId(),
    cnf: { jkt: thumbprintOfSpki(request.holder.leaf.spki) },
    ...(request.once && { once: true as const }),
    parent,
    key,
  };
  return signToken(child, request.key);
}

function refused(problem: string, hint: string): ConfigError {
  return new ConfigError("ERR_TOKEN_DELEGATION", problem, hint);
}
