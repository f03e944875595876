import { ConfigError } from "../errors.js";
import { quote } from "../identity/quote.js";
import { SpiffeId } from "../identity/spiffe-id.js";
import { isPublicJwk, type PublicJwk, thumbprintOf } from "./public-jwk.js";
import { hasMembers } from "./strict-json.js";

/** The content of an `issuers.json`: a JWK Set (RFC 7517) of one issuer. */
export interface IssuerJson {
  readonly version: 1;
  readonly iss: string;
  readonly keys: readonly PublicJwk[];
}

/** Current, next and previous, and one for a mistake. */
const maxKeys = 4;

/** Whose tokens are believed: for each issuer the keys that it may sign with. */
export class IssuerKeys {
  readonly #keys: ReadonlyMap<string, ReadonlyMap<string, PublicJwk>>;

  private constructor(keys: ReadonlyMap<string, ReadonlyMap<string, PublicJwk>>) {
    this.#keys = keys;
  }

  /** @throws ConfigError ERR_FILE_MALFORMED when two name the same issuer */
  static of(issuers: readonly IssuerJson[]): IssuerKeys {
    const map = new Map<string, ReadonlyMap<string, PublicJwk>>();
    for (const { iss, keys } of issuers) {
      if (map.has(iss)) throw malformed("the issuers", `two files are about ${iss}`);
      map.set(iss, new Map(keys.map((key) => [thumbprintOf(key), key])));
    }
    return new IssuerKeys(map);
  }

  find(iss: string, kid: string): PublicJwk | undefined {
    return this.#keys.get(iss)?.get(kid);
  }
}

/**
 * Reads an `issuers.json`.
 *
 * @param file its name, for messages
 * @throws ConfigError ERR_FILE_MALFORMED, ERR_INVALID_SPIFFE_ID
 */
export function parseIssuer(text: string, file: string): IssuerJson {
  const value = jsonObject(text, file);
  if (!hasMembers(value, "version", "iss", "keys"))
    throw malformed(file, "it has other fields than version, iss, keys");
  const { version, iss, keys } = value;
  if (version !== 1) throw malformed(file, `its version is ${quote(version)}, not 1`);
  if (typeof iss !== "string") throw malformed(file, "iss is not a SPIFFE ID");
  SpiffeId.parse(iss);
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > maxKeys) {
    throw malformed(file, `it has not 1 to ${maxKeys} keys`);
  }
  const bad = keys.findIndex((key) => !isPublicJwk(key));
  if (bad >= 0) throw malformed(file, `key ${bad + 1} is not a P-256 public key of crv, kty, x and y`);
  return { version, iss, keys };
}

function jsonObject(text: string, file: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // The text of the error is left out: it quotes the file.
  }
  throw malformed(file, "it is not a JSON object");
}

function malformed(file: string, problem: string): ConfigError {
  return new ConfigError(
    "ERR_FILE_MALFORMED",
    `${file} cannot be used: ${problem}`,
    "copy issuers.json from the directory of certs-tool token init again",
  );
}
