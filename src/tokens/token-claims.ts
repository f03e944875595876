import { is32Bytes } from "./base64url.js";
import { isPublicJwk, type PublicJwk } from "./public-jwk.js";
import { ScopeSet } from "./scope-set.js";
import { hasMembers } from "./strict-json.js";
import { tokenLimits } from "./token-limits.js";

/** What a token says. Times are whole seconds since 1970. */
export interface TokenClaims {
  /** Who signed: a known issuer, or the holder of the parent. */
  readonly iss: string;
  /** The SPIFFE ID of the one server it is for. */
  readonly aud: string;
  /** The SPIFFE ID of the one peer that may present it. */
  readonly sub: string;
  /** Separated by spaces. */
  readonly scope: string;
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  /** 16 to 64 characters of base64url, never used twice. */
  readonly jti: string;
  /** The thumbprint of the holder's key, the one in its TLS certificate (RFC 7800, RFC 7638). */
  readonly cnf: { readonly jkt: string };
  /** It is good for one call. */
  readonly once?: true;
  /** The token that this one narrows, and the key that signed this one: the one the parent is bound to. */
  readonly parent?: string;
  readonly key?: PublicJwk;
}

/** What is wrong with the claims of a token, or undefined. A claim that is not known may be a restriction, so it counts. */
export function claimsFault(value: Readonly<Record<string, unknown>>): string | undefined {
  const required = ["iss", "aud", "sub", "scope", "iat", "nbf", "exp", "jti", "cnf"];
  if (!hasMembers(value, ...required, "once?", "parent?", "key?")) return "a claim is missing or not known";
  const { iss, aud, sub, scope, jti, cnf } = value;
  if (!isName(iss) || !isName(aud) || !isName(sub)) return "iss, aud or sub is not a name";
  if (ScopeSet.parse(scope) === undefined) return "scope is not a list of scopes";
  if (!isTokenId(jti)) return "jti is not an identifier";
  if (typeof cnf !== "object" || cnf === null || !hasMembers(cnf, "jkt")) return "cnf holds more or less than jkt";
  if (!is32Bytes((cnf as Record<string, unknown>).jkt)) return "cnf.jkt is not a thumbprint";
  return timesFault(value) ?? delegationFault(value);
}

function timesFault({ iat, nbf, exp }: Readonly<Record<string, unknown>>): string | undefined {
  if (!isTime(iat) || !isTime(nbf) || !isTime(exp)) return "iat, nbf or exp is not a number of whole seconds";
  return iat <= nbf && nbf < exp ? undefined : "iat, nbf and exp are not in this order";
}

function delegationFault(value: Readonly<Record<string, unknown>>): string | undefined {
  if ("once" in value && value.once !== true) return "once is not true";
  if ("parent" in value !== "key" in value) return "parent and key do not come together";
  if (!("parent" in value)) return undefined;
  return typeof value.parent === "string" && isPublicJwk(value.key) ? undefined : "parent or key is malformed";
}

/** Whether it can be the `jti` of a token. */
export function isTokenId(value: unknown): value is string {
  return typeof value === "string" && /^[\w-]{16,64}$/.test(value);
}

/** Compared as it is: what is no SPIFFE ID is the name of no issuer, server or peer. */
function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= tokenLimits.maxIdLength;
}

function isTime(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= tokenLimits.maxTime;
}
