/** Limits of the format, which every verifier shares (`docs/tokens.md`). */
export const tokenLimits = {
  /** Characters of a token, the tokens it was delegated from included. */
  maxLength: 8_192,
  /** How often a token may be handed on. */
  maxDelegations: 3,
  maxScopes: 64,
  maxScopeLength: 255,
  /** Characters of a SPIFFE ID (SPIFFE-ID, section 2.3). */
  maxIdLength: 2_048,
  /** The end of the year 9999, in seconds since 1970. */
  maxTime: 253_402_300_799,
} as const;

/** The media type in `typ` (RFC 8725, section 3.11): no other token can pass for one of ours. */
export const tokenType = "pinwire-cap+jwt";
