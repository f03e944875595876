import { defaults } from "../defaults.js";
import { ConfigError } from "../errors.js";
import { quote } from "../identity/quote.js";
import { SpiffeId } from "../identity/spiffe-id.js";
import { ScopeSet } from "./scope-set.js";

/** Who holds a token: a SPIFFE ID and the key in its certificate. `X509Svid` and `PeerIdentity` are such. */
export interface TokenHolder {
  readonly id: SpiffeId;
  /** `spki` is the DER SubjectPublicKeyInfo. */
  readonly leaf: { readonly spki: Buffer };
}

/** What a token is to say, whoever signs it. */
export interface TokenRequest {
  readonly holder: TokenHolder;
  /** Named scopes, methods as `package.Service/Method`, services as `package.Service/*`. */
  readonly scopes: readonly string[];
  /** @default 900_000 (15 minutes); at most 86_400_000 */
  readonly lifetimeMs?: number;
  /** Whether it is good for one call only. @default false */
  readonly once?: boolean;
}

/** @throws ConfigError ERR_INVALID_OPTION */
export function checkScopes(scopes: readonly string[]): ScopeSet {
  const set = ScopeSet.of(scopes);
  const bad = scopes.find((scope) => scope.includes("*") && !/^[\w.]+\/\*$/.test(scope));
  if (set !== undefined && bad === undefined) return set;
  throw new ConfigError(
    "ERR_INVALID_OPTION",
    `${quote(bad ?? scopes.join(" "))} is not what a token can grant`,
    "name 1 to 64 different scopes, such as notes.read, notes.v1.Notes/Read or notes.v1.Notes/*",
  );
}

/** In whole seconds. @throws ConfigError ERR_INVALID_OPTION */
export function lifetimeSeconds(lifetimeMs: number = defaults.tokenLifetimeMs): number {
  if (lifetimeMs >= 1_000 && lifetimeMs <= defaults.maxTokenLifetimeMs) return Math.floor(lifetimeMs / 1_000);
  throw new ConfigError(
    "ERR_INVALID_OPTION",
    `a token cannot live for ${lifetimeMs} ms`,
    `choose between 1 second and ${defaults.maxTokenLifetimeMs / 3_600_000} hours; whoever needs it longer asks again`,
  );
}

/** @throws ConfigError ERR_INVALID_SPIFFE_ID */
export function asSpiffeId(id: SpiffeId | string): SpiffeId {
  return id instanceof SpiffeId ? id : SpiffeId.parse(id);
}
