import { ConfigError } from "../errors.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import { type IssuerState, IssuerStore, newIssuerKey } from "./issuer-store.js";
import { publicJwkOf, thumbprintOf, thumbprintOfSpki } from "./public-jwk.js";
import { newTokenId, signToken } from "./sign-token.js";
import type { TokenClaims } from "./token-claims.js";
import { asSpiffeId, checkScopes, lifetimeSeconds, type TokenRequest } from "./token-request.js";

export interface IssuerOptions {
  /** The clock, in milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

export interface IssueTokenRequest extends TokenRequest {
  /** The SPIFFE ID of the one server that takes it. */
  readonly audience: SpiffeId | string;
}

export interface IssuedToken {
  readonly token: string;
  readonly claims: TokenClaims;
}

/**
 * Issues tokens with the keys of a directory. Whoever can read `keys.json` in it can grant anything on every server that
 * trusts the issuer, so it belongs on its own, away from servers and holders.
 */
export class TokenIssuer {
  readonly #store: IssuerStore;
  readonly #now: () => number;
  readonly iss: SpiffeId;

  private constructor(store: IssuerStore, iss: SpiffeId, now: () => number) {
    this.#store = store;
    this.iss = iss;
    this.#now = now;
  }

  /**
   * Makes an issuer with two keys, its current and its next, or opens the one of that name that is there.
   *
   * @throws ConfigError ERR_FILE_EXISTS for an issuer of another name; ERR_DIRECTORY_NOT_PRIVATE, ERR_FILE_WRITE
   */
  static async ensure(
    directory: string,
    name: SpiffeId | string,
    { now = Date.now }: IssuerOptions = {},
  ): Promise<{ issuer: TokenIssuer; created: boolean }> {
    const iss = asSpiffeId(name);
    const store = new IssuerStore(directory);
    await store.ensureDirectory();
    return store.lock(async () => {
      const created = !(await store.isComplete());
      if (created) await store.write({ iss, current: newIssuerKey(), next: newIssuerKey() });
      const state = await store.read();
      if (!state.iss.equals(iss)) throw otherIssuer(directory, state.iss, iss);
      await store.publish(state);
      return { issuer: new TokenIssuer(store, iss, now), created };
    });
  }

  /** @throws ConfigError ERR_FILE_MISSING, ERR_DIRECTORY_NOT_PRIVATE, ERR_FILE_NOT_PRIVATE, ERR_FILE_MALFORMED */
  static async open(directory: string, { now = Date.now }: IssuerOptions = {}): Promise<TokenIssuer> {
    const store = new IssuerStore(directory);
    const { iss } = await store.read();
    return new TokenIssuer(store, iss, now);
  }

  /** What servers need to verify its tokens. */
  get publicFile(): string {
    return this.#store.publicFile;
  }

  /**
   * Issues a token. It is recorded before it is returned.
   *
   * @throws ConfigError ERR_INVALID_OPTION, ERR_INVALID_SPIFFE_ID, ERR_LOCKED, ERR_FILE_WRITE
   */
  async issue(request: IssueTokenRequest): Promise<IssuedToken> {
    const scopes = checkScopes(request.scopes);
    const lifetime = lifetimeSeconds(request.lifetimeMs);
    const iat = Math.floor(this.#now() / 1_000);
    const claims: TokenClaims = {
      iss: this.iss.toString(),
      aud: asSpiffeId(request.audience).toString(),
      sub: request.holder.id.toString(),
      scope: scopes.toString(),
      iat,
      nbf: iat,
      exp: iat + lifetime,
      jti: newTokenId(),
      cnf: { jkt: thumbprintOfSpki(request.holder.leaf.spki) },
      ...(request.once && { once: true as const }),
    };
    return this.#store.lock(async () => {
      const state = await this.#store.read();
      await this.#store.publish(state);
      const token = await signToken(claims, state.current);
      const { jti, sub, aud, scope, exp } = claims;
      await this.#store.record({ jti, sub, aud, scope, iat, exp, kid: kidOf(state) });
      return { token, claims };
    });
  }

  /**
   * The next key becomes the current one, which servers know already, and a new one becomes the next. The old one stays
   * known until the rotation after this, for the tokens that it signed.
   *
   * @param forget drop every key there was: none of the tokens signed so far is good any more, and a server takes new
   * ones when it has the new `issuers.json`
   */
  rotate({ forget = false }: { readonly forget?: boolean } = {}): Promise<{ kid: string; nextKid: string }> {
    return this.#store.lock(async () => {
      const old = await this.#store.read();
      // A rotation that was interrupted may have left a next key that servers do not know yet; it must not sign before.
      await this.#store.publish(old);
      const previous = publicJwkOf(old.current);
      const state: IssuerState = forget
        ? { iss: old.iss, current: newIssuerKey(), next: newIssuerKey() }
        : { iss: old.iss, current: old.next, next: newIssuerKey(), ...(previous && { previous }) };
      await this.#store.write(state);
      return { kid: kidOf(state), nextKid: kidOf({ current: state.next }) };
    });
  }
}

function kidOf({ current }: Pick<IssuerState, "current">): string {
  const jwk = publicJwkOf(current);
  // Every key in the store was checked when it was read or made.
  if (jwk === undefined) throw new Error("an issuer's key is not P-256");
  return thumbprintOf(jwk);
}

function otherIssuer(directory: string, there: SpiffeId, wanted: SpiffeId): ConfigError {
  return new ConfigError(
    "ERR_FILE_EXISTS",
    `the token issuer in ${directory} is ${there}, not ${wanted}`,
    `choose another directory for ${wanted}`,
  );
}
