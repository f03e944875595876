import { compactVerify } from "jose/jws/compact/verify";
import { defaults } from "../defaults.js";
import type { IssuerKeys } from "./issuer-keys.js";
import { parseToken, type TokenLink } from "./parse-token.js";
import { type PublicJwk, thumbprintOf } from "./public-jwk.js";
import { tokenRefusal } from "./token-refusal.js";
import type { TokenRevocations } from "./token-revocations.js";
import { VerifiedToken } from "./verified-token.js";

/** What a token is held against. */
export interface TokenExpectations {
  readonly issuers: IssuerKeys;
  readonly revoked: TokenRevocations;
  /** The SPIFFE ID of the server. */
  readonly audience: string;
  /** Who presents it: the SPIFFE ID of the peer, and the thumbprint of the key in its certificate. */
  readonly holder: { readonly id: string; readonly thumbprint: string };
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Verifies a token with all the tokens it was delegated from. Needs nothing but what it is given: no network, no file.
 * Scopes and single use are left to whoever knows the call. The order of the checks is that of `docs/tokens.md`.
 *
 * @throws PeerError ERR_TOKEN_MALFORMED, ERR_TOKEN_UNKNOWN_ISSUER, ERR_TOKEN_SIGNATURE, ERR_TOKEN_DELEGATION,
 * ERR_TOKEN_LIFETIME, ERR_TOKEN_AUDIENCE, ERR_TOKEN_HOLDER, ERR_TOKEN_NOT_YET_VALID, ERR_TOKEN_EXPIRED,
 * ERR_TOKEN_REVOKED
 */
export async function verifyToken(text: string, expected: TokenExpectations): Promise<VerifiedToken> {
  const links = parseToken(text);
  let parent: TokenLink | undefined;
  for (const link of links) {
    const key = parent === undefined ? issuerKey(link, expected.issuers) : delegatorKey(link, parent);
    await checkSignature(link, key);
    parent = link;
  }
  checkLifetimes(links);
  checkFor(links.at(-1) ?? links[0], expected);
  const token = new VerifiedToken(links);
  token.checkTime(expected.now);
  if (links.some(({ claims }) => expected.revoked.has(claims))) {
    throw tokenRefusal("ERR_TOKEN_REVOKED", "the token, its holder or one it came from was revoked");
  }
  return token;
}

function issuerKey({ kid, claims }: TokenLink, issuers: IssuerKeys): PublicJwk {
  const key = issuers.find(claims.iss, kid);
  if (key !== undefined) return key;
  throw tokenRefusal("ERR_TOKEN_UNKNOWN_ISSUER", "the token's issuer, or the key it names, is not known here");
}

/** A child may only be narrower than its parent, and must be signed by the key that the parent is bound to. */
function delegatorKey({ kid, claims, scopes }: TokenLink, parent: TokenLink): PublicJwk {
  const fault = (what: string) => tokenRefusal("ERR_TOKEN_DELEGATION", `a delegated token ${what}`);
  const { key } = claims;
  if (key === undefined) throw fault("has no key");
  if (parent.claims.once === true) throw fault("came from one for a single use");
  if (claims.iss !== parent.claims.sub) throw fault("is not from the holder of its parent");
  if (kid !== parent.claims.cnf.jkt || thumbprintOf(key) !== kid) throw fault("is not by the key of its parent");
  if (claims.aud !== parent.claims.aud) throw fault("is for another server than its parent");
  if (claims.nbf < parent.claims.nbf || claims.exp > parent.claims.exp) throw fault("outlives its parent");
  if (!parent.scopes.grantsAll(scopes)) throw fault("grants more than its parent");
  return key;
}

async function checkSignature({ text }: TokenLink, key: PublicJwk): Promise<void> {
  try {
    await compactVerify(text, key, { algorithms: ["ES256"] });
  } catch (cause) {
    throw tokenRefusal("ERR_TOKEN_SIGNATURE", "a signature of the token is wrong", { cause });
  }
}

function checkLifetimes(links: readonly TokenLink[]): void {
  const longest = defaults.maxTokenLifetimeMs / 1_000;
  if (links.every(({ claims }) => claims.exp - claims.iat <= longest)) return;
  throw tokenRefusal("ERR_TOKEN_LIFETIME", `the token lives longer than ${longest} seconds`);
}

function checkFor({ claims }: TokenLink, { audience, holder }: TokenExpectations): void {
  if (claims.aud !== audience) throw tokenRefusal("ERR_TOKEN_AUDIENCE", "the token is for another server");
  if (claims.sub !== holder.id || claims.cnf.jkt !== holder.thumbprint) {
    throw tokenRefusal("ERR_TOKEN_HOLDER", "the token is another peer's, or bound to another key");
  }
}
