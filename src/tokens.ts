// "pinwire/tokens": issuing, handing on, verifying and revoking capability tokens. Loads jose, which "pinwire" does not.
export { type DelegateRequest, delegateToken } from "./tokens/delegate-token.js";
export { type InspectedToken, inspectToken } from "./tokens/inspect-token.js";
export { type IssuerJson, IssuerKeys, parseIssuer } from "./tokens/issuer-keys.js";
export type { TokenLink } from "./tokens/parse-token.js";
export type { PublicJwk } from "./tokens/public-jwk.js";
export { type Revocation, type RevokeReport, revokeTokens } from "./tokens/revoke-tokens.js";
export { ScopeSet } from "./tokens/scope-set.js";
export type { TokenClaims } from "./tokens/token-claims.js";
export { type IssuedToken, type IssuerOptions, type IssueTokenRequest, TokenIssuer } from "./tokens/token-issuer.js";
export type { TokenHolder, TokenRequest } from "./tokens/token-request.js";
export { parseRevocations, type RevocationsJson, TokenRevocations } from "./tokens/token-revocations.js";
export { VerifiedToken } from "./tokens/verified-token.js";
export { type TokenExpectations, verifyToken } from "./tokens/verify-token.js";
