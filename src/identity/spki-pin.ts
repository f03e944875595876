import { createHash, timingSafeEqual } from "node:crypto";
import { ConfigError } from "../errors.js";
import { quote } from "./quote.js";

const prefix = "sha256/";

/**
 * The pin of a public key: the SHA-256 of its DER SubjectPublicKeyInfo, written `sha256/<base64>` as in RFC 7469. It
 * stays the same when a certificate is renewed with the same key.
 */
export class SpkiPin {
  readonly #digest: Buffer;

  private constructor(digest: Buffer) {
    this.#digest = digest;
  }

  /**
   * Only the canonical spelling is read: 44 characters of base64 with padding, and no bits beyond the hash.
   *
   * @throws ConfigError ERR_INVALID_PIN
   */
  static parse(text: string): SpkiPin {
    const encoded = typeof text === "string" && text.startsWith(prefix) ? text.slice(prefix.length) : "";
    const digest = Buffer.from(encoded, "base64");
    if (digest.length === 32 && digest.toString("base64") === encoded) return new SpkiPin(digest);
    throw new ConfigError(
      "ERR_INVALID_PIN",
      `${quote(text)} is not a pin`,
      `write it as ${prefix} and 44 characters of base64; certs-tool inspect FILE prints the pin of a certificate`,
    );
  }

  static ofSpki(der: Uint8Array): SpkiPin {
    return new SpkiPin(createHash("sha256").update(der).digest());
  }

  /** Compares in constant time. */
  equals(other: SpkiPin): boolean {
    return timingSafeEqual(this.#digest, other.#digest);
  }

  /** The first characters, to tell pins apart in a log. */
  get short(): string {
    return `${this.toString().slice(0, prefix.length + 8)}…`;
  }

  toString(): string {
    return prefix + this.#digest.toString("base64");
  }

  toJSON(): string {
    return this.toString();
  }
}
