/** The metadata that a token travels in (RFC 6750, section 2.1), and the one that says which call an attempt belongs to. */
export const authorizationKey = "authorization";
export const callIdKey = "pinwire-call-id";

const scheme = "Bearer ";

export function toBearer(token: string): string {
  return scheme + token;
}

/** The token in the values of `authorization`; undefined unless there is exactly one value, of this scheme. */
export function fromBearer(values: readonly string[]): string | undefined {
  const [value, second] = values;
  return second === undefined && value?.startsWith(scheme) ? value.slice(scheme.length) : undefined;
}

/** The id of a call; anything else than what our clients make counts as none. */
export function callIdOf(values: readonly string[]): string | undefined {
  const [value, second] = values;
  return second === undefined && value !== undefined && /^[\w-]{16,64}$/.test(value) ? value : undefined;
}
