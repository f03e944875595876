import { decodeBase64url, is32Bytes } from "./base64url.js";
import { ScopeSet } from "./scope-set.js";
import { hasMembers, parseStrictObject } from "./strict-json.js";
import { claimsFault, type TokenClaims } from "./token-claims.js";
import { tokenLimits, tokenType } from "./token-limits.js";
import { tokenRefusal } from "./token-refusal.js";

/** One signed token, read but not verified. */
export interface TokenLink {
  /** The compact JWS. */
  readonly text: string;
  /** The thumbprint of the key that is said to have signed it. */
  readonly kid: string;
  readonly claims: TokenClaims;
  readonly scopes: ScopeSet;
}

/**
 * Reads a token and those it was delegated from. Nothing about it is verified.
 *
 * @returns the issuer's token first, the one that was presented last
 * @throws PeerError ERR_TOKEN_MALFORMED, ERR_TOKEN_DELEGATION when it was handed on too often
 */
export function parseToken(text: string): readonly [TokenLink, ...TokenLink[]] {
  if (text.length > tokenLimits.maxLength) throw malformed(`it is longer than ${tokenLimits.maxLength} characters`);
  const last = parseLink(text);
  const links: [TokenLink, ...TokenLink[]] = [last];
  for (let { parent } = last.claims; parent !== undefined; { parent } = links[0].claims) {
    if (links.length > tokenLimits.maxDelegations) {
      throw tokenRefusal("ERR_TOKEN_DELEGATION", `it was handed on more than ${tokenLimits.maxDelegations} times`);
    }
    links.unshift(parseLink(parent));
  }
  return links;
}

function parseLink(text: string): TokenLink {
  const [head = "", body = "", signature = "", ...more] = text.split(".");
  // ES256: R and S of 32 bytes each (RFC 7518, section 3.4).
  if (more.length > 0 || decodeBase64url(signature)?.length !== 64) throw malformed("it is not a compact JWS");
  const header = objectOf(head);
  // Exactly these three: no jku, x5u, jwk or x5c may bring a key along, no crit or b64 change what is signed.
  if (header === undefined || !hasMembers(header, "typ", "alg", "kid")) throw malformed("its header is not ours");
  const { typ, alg, kid } = header;
  if (typ !== tokenType || alg !== "ES256" || !is32Bytes(kid)) throw malformed("its typ, alg or kid is not ours");
  const claims = objectOf(body);
  if (claims === undefined) throw malformed("its claims are not plain JSON");
  const fault = claimsFault(claims);
  if (fault !== undefined) throw malformed(fault);
  const known = claims as unknown as TokenClaims;
  return { text, kid, claims: known, scopes: ScopeSet.parse(known.scope) as ScopeSet };
}

function objectOf(segment: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = decodeBase64url(segment);
  return bytes === undefined ? undefined : parseStrictObject(bytes.toString("latin1"));
}

function malformed(fault: string) {
  return tokenRefusal("ERR_TOKEN_MALFORMED", `the token is malformed: ${fault}`);
}
