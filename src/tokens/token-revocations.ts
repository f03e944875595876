import { ConfigError } from "../errors.js";
import { quote } from "../identity/quote.js";
import { parseUnambiguousObject } from "../identity/unambiguous-json.js";
import { hasMembers } from "./strict-json.js";
import type { TokenClaims } from "./token-claims.js";

/** The content of a revocation file. Times are whole seconds since 1970. */
export interface RevocationsJson {
  readonly version: 1;
  /** By `jti`: from when on the entry is not needed any more. */
  readonly tokens: Readonly<Record<string, number>>;
  /** By SPIFFE ID: what was issued to it up to that moment is revoked. */
  readonly subjects: Readonly<Record<string, number>>;
}

/** Tokens that were withdrawn before they expired. */
export class TokenRevocations {
  static readonly none = new TokenRevocations({ version: 1, tokens: {}, subjects: {} });

  readonly #tokens: ReadonlySet<string>;
  readonly #subjects: ReadonlyMap<string, number>;

  constructor({ tokens, subjects }: RevocationsJson) {
    this.#tokens = new Set(Object.keys(tokens));
    this.#subjects = new Map(Object.entries(subjects));
  }

  has({ jti, sub, iat }: Pick<TokenClaims, "jti" | "sub" | "iat">): boolean {
    return this.#tokens.has(jti) || iat <= (this.#subjects.get(sub) ?? Number.NEGATIVE_INFINITY);
  }
}

/** @param file its name, for messages @throws ConfigError ERR_FILE_MALFORMED */
export function parseRevocations(text: string, file: string): RevocationsJson {
  const value = parseUnambiguousObject(text, (problem) => malformed(file, problem));
  if (!hasMembers(value, "version", "tokens", "subjects")) {
    throw malformed(file, "it has other fields than version, tokens and subjects");
  }
  const { version, tokens, subjects } = value;
  if (version !== 1) throw malformed(file, `its version is ${quote(version)}, not 1`);
  return { version, tokens: times(tokens, "tokens", file), subjects: times(subjects, "subjects", file) };
}

function times(value: unknown, name: string, file: string): Record<string, number> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw malformed(file, `${name} is no object`);
  for (const [key, time] of Object.entries(value)) {
    if (!Number.isSafeInteger(time))
      throw malformed(file, `the time of ${quote(key)} is not a number of whole seconds`);
  }
  return value as Record<string, number>;
}

function malformed(file: string, problem: string): ConfigError {
  return new ConfigError(
    "ERR_FILE_MALFORMED",
    `${file} cannot be used: ${problem}`,
    "write it with certs-tool token revoke",
  );
}
