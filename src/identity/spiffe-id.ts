import { ConfigError } from "../errors.js";
import { quote } from "./quote.js";
import { pathFault, splitSpiffeId, trustDomainFault } from "./spiffe-id-syntax.js";
import { TrustDomain } from "./trust-domain.js";

/** A SPIFFE ID, the only name that an identity has: `spiffe://trust-domain/path` (SPIFFE-ID, section 2). */
export class SpiffeId {
  readonly trustDomain: TrustDomain;
  /** Empty when it names the trust domain itself, else it begins with a slash. */
  readonly path: string;
  readonly #text: string;

  private constructor(trustDomain: TrustDomain, path: string) {
    this.trustDomain = trustDomain;
    this.path = path;
    this.#text = `spiffe://${trustDomain.name}${path}`;
  }

  /**
   * Nothing is normalised or repaired: what is accepted is returned byte for byte by `toString`.
   *
   * @throws ConfigError ERR_INVALID_SPIFFE_ID, which names the fault
   */
  static parse(text: string): SpiffeId {
    const parsed = SpiffeId.tryParse(text);
    if (parsed instanceof SpiffeId) return parsed;
    throw new ConfigError(
      "ERR_INVALID_SPIFFE_ID",
      `${quote(text)} is not a SPIFFE ID: ${parsed.fault}`,
      "write it as spiffe://trust-domain/path, for example spiffe://local.test/greeter",
    );
  }

  /** As `parse`, for text that a peer sent: the fault is returned, half a sentence that begins with "it" or "its". */
  static tryParse(text: string): SpiffeId | { readonly fault: string } {
    if (typeof text !== "string") return { fault: "it is not a string" };
    const parts = splitSpiffeId(text);
    if ("fault" in parts) return parts;
    const fault = trustDomainFault(parts.trustDomain) ?? pathFault(parts.path);
    if (fault !== undefined) return { fault };
    return new SpiffeId(TrustDomain.parse(parts.trustDomain), parts.path);
  }

  equals(other: SpiffeId): boolean {
    return this.#text === other.#text;
  }

  toString(): string {
    return this.#text;
  }

  toJSON(): string {
    return this.#text;
  }
}
