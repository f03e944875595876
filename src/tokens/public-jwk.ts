import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { is32Bytes } from "./base64url.js";
import { hasMembers } from "./strict-json.js";

/** A P-256 public key as JSON (RFC 7518, section 6.2.1): the only kind that signs tokens. */
export interface PublicJwk {
  readonly crv: "P-256";
  readonly kty: "EC";
  readonly x: string;
  readonly y: string;
}

/** Whether a value is exactly the four members. Whether the point is on the curve shows when the key is used. */
export function isPublicJwk(value: unknown): value is PublicJwk {
  if (typeof value !== "object" || value === null || !hasMembers(value, "crv", "kty", "x", "y")) return false;
  const { crv, kty, x, y } = value as Record<string, unknown>;
  return crv === "P-256" && kty === "EC" && is32Bytes(x) && is32Bytes(y);
}

/** Undefined when the key is of another kind. */
export function publicJwkOf(key: KeyObject): PublicJwk | undefined {
  const { crv, kty, x, y } = (key.type === "private" ? createPublicKey(key) : key).export({ format: "jwk" });
  return isPublicJwk({ crv, kty, x, y }) ? ({ crv, kty, x, y } as PublicJwk) : undefined;
}

/**
 * The thumbprint of a public key (RFC 7638, with SHA-256): what `cnf.jkt` and `kid` hold.
 *
 * @param spki DER SubjectPublicKeyInfo, as in a certificate
 */
export function thumbprintOfSpki(spki: Buffer): string {
  const jwk = createPublicKey({ key: spki, format: "der", type: "spki" }).export({ format: "jwk" });
  const { crv, e, kty, n, x, y } = jwk;
  return hash(kty === "RSA" ? { e, kty, n } : { crv, kty, x, y });
}

export function thumbprintOf({ crv, kty, x, y }: PublicJwk): string {
  return hash({ crv, kty, x, y });
}

/** The members in the order of their names, which is the order they are given in. */
function hash(members: object): string {
  return createHash("sha256").update(JSON.stringify(members)).digest("base64url");
}
