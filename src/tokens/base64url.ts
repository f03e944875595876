/** The bytes of a canonical base64url text (RFC 4648, section 5, without padding); undefined when it is anything else. */
export function decodeBase64url(text: string): Buffer | undefined {
  // Buffer skips what it does not know; only the canonical form survives the way there and back.
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}

/** Whether a text is canonical base64url of exactly 32 bytes: a SHA-256, or a coordinate of P-256. */
export function is32Bytes(text: unknown): text is string {
  return typeof text === "string" && text.length === 43 && decodeBase64url(text)?.length === 32;
}
