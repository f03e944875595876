import { ConfigError } from "../errors.js";
import { quote } from "./quote.js";
import { trustDomainFault } from "./spiffe-id-syntax.js";

/**
 * The name of a trust domain: the authority of its SPIFFE IDs, for example `local.test` (SPIFFE-ID, section 2.1).
 * Whoever holds a value of this type holds a well-formed name.
 */
export class TrustDomain {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  /** @throws ConfigError ERR_INVALID_SPIFFE_ID */
  static parse(text: string): TrustDomain {
    const fault = typeof text === "string" ? trustDomainFault(text) : "it is not a string";
    if (fault === undefined) return new TrustDomain(text);
    throw new ConfigError(
      "ERR_INVALID_SPIFFE_ID",
      `${quote(text)} is not the name of a trust domain: ${fault.replace("its trust domain", "it")}`,
      "use lower-case letters, digits, dots, dashes and underscores, for example local.test",
    );
  }

  equals(other: TrustDomain): boolean {
    return this.name === other.name;
  }

  toString(): string {
    return this.name;
  }

  toJSON(): string {
    return this.name;
  }
}
