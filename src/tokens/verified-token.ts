import { defaults } from "../defaults.js";
import type { TokenLink } from "./parse-token.js";
import type { ScopeSet } from "./scope-set.js";
import { tokenRefusal } from "./token-refusal.js";

/** A token whose signatures, holder and server were right. `verifyToken` makes it; time goes on, so `checkTime` again. */
export class VerifiedToken {
  readonly jti: string;
  /** Names it among used ones. With its key, so that no other holder can use it up by making a token of the same `jti`. */
  readonly useKey: string;
  readonly scopes: ScopeSet;
  /** Good for one call. */
  readonly once: boolean;
  /** Seconds since 1970, as are the others. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** The latest of `iat` and `nbf`. */
  readonly #startsAt: number;

  constructor(links: readonly [TokenLink, ...TokenLink[]]) {
    const { claims, scopes } = links.at(-1) ?? links[0];
    this.jti = claims.jti;
    this.useKey = `${claims.cnf.jkt}.${claims.jti}`;
    this.scopes = scopes;
    this.once = claims.once === true;
    this.issuedAt = claims.iat;
    // A child lies within its parent, so its own times are the narrowest.
    this.expiresAt = claims.exp;
    this.#startsAt = claims.nbf;
  }

  /** @param now milliseconds since 1970 @throws PeerError ERR_TOKEN_NOT_YET_VALID, ERR_TOKEN_EXPIRED */
  checkTime(now: number): void {
    if (this.#startsAt * 1_000 > now + defaults.tokenClockSkewMs) {
      throw tokenRefusal("ERR_TOKEN_NOT_YET_VALID", "the token is not valid yet");
    }
    // A clock that is not a number is no reason to believe.
    if (!(now < this.expiresAt * 1_000)) throw tokenRefusal("ERR_TOKEN_EXPIRED", "the token has expired");
  }
}
