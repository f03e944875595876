import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { IssuerKeys } from "../../src/tokens/issuer-keys.js";
import { publicJwkOf, thumbprintOf } from "../../src/tokens/public-jwk.js";
import { TokenRevocations } from "../../src/tokens/token-revocations.js";

/** What a test may change of a token; everything that is left out is right. */
export interface TokenOverrides {
  /** Replaces members; `undefined` takes one away. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** The very text of claims or header, instead. */
  readonly claimsText?: string;
  readonly headerText?: string;
  readonly key?: KeyObject;
  /** Replaces the signature: gets the right one. */
  readonly signature?: (right: Buffer) => Buffer;
}

export const audience = "spiffe://local.test/greeter";
export const holderId = "spiffe://local.test/cli";
export const otherId = "spiffe://local.test/other";
export const thirdId = "spiffe://local.test/third";
export const fourthId = "spiffe://local.test/fourth";
export const issuerName = "spiffe://local.test/tokens";
/** When the tokens are looked at, in milliseconds. */
export const now = 1_800_000_000_000;
export const nowSeconds = now / 1_000;

export function newKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

export function jwkOf(key: KeyObject) {
  const jwk = publicJwkOf(key);
  if (jwk === undefined) throw new Error("not a P-256 key");
  return jwk;
}

export function thumbprint(key: KeyObject): string {
  return thumbprintOf(jwkOf(key));
}

/** An issuer and holders, with keys that are theirs alone. */
export const keys = {
  issuer: newKey(),
  next: newKey(),
  stranger: newKey(),
  holder: newKey(),
  other: newKey(),
  third: newKey(),
  fourth: newKey(),
};

/** Whom a server believes that knows the issuer. */
export const trust = {
  issuers: IssuerKeys.of([{ version: 1, iss: issuerName, keys: [jwkOf(keys.issuer)] }]),
  revoked: TokenRevocations.none,
};

/** What the tokens of {@link mintToken} are right for. */
export const expectations = {
  ...trust,
  audience,
  holder: { id: holderId, thumbprint: thumbprint(keys.holder) },
  now,
};

let serial = 0;

/** A token of the issuer for the holder; a test breaks exactly one thing. */
export function mintToken(overrides: TokenOverrides = {}): string {
  const claims = {
    iss: issuerName,
    aud: audience,
    sub: holderId,
    scope: "greet",
    iat: nowSeconds - 60,
    nbf: nowSeconds - 60,
    exp: nowSeconds + 840,
    jti: newJti(),
    cnf: { jkt: thumbprint(keys.holder) },
  };
  return assemble(claims, { key: keys.issuer, ...overrides });
}

/** What the holder of `parent` hands on to the other. */
export function mintChild(parent: string, overrides: TokenOverrides = {}): string {
  const key = overrides.key ?? keys.holder;
  const claims = {
    iss: holderId,
    aud: audience,
    sub: otherId,
    scope: "greet",
    iat: nowSeconds - 30,
    nbf: nowSeconds - 30,
    exp: nowSeconds + 600,
    jti: newJti(),
    cnf: { jkt: thumbprint(keys.other) },
    parent,
    key: jwkOf(key),
  };
  return assemble(claims, { key, ...overrides });
}

function newJti(): string {
  serial += 1;
  return `jti-${String(serial).padStart(16, "0")}`;
}

function assemble(
  claims: object,
  { key, header, headerText, claimsText, signature, ...overrides }: TokenOverrides & { key: KeyObject },
): string {
  const head = { typ: "pinwire-cap+jwt", alg: "ES256", kid: thumbprint(key), ...header };
  const encode = (text: string) => Buffer.from(text).toString("base64url");
  const signed = [
    encode(headerText ?? JSON.stringify(head)),
    encode(claimsText ?? JSON.stringify({ ...claims, ...overrides.claims })),
  ].join(".");
  const right = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return `${signed}.${(signature?.(right) ?? right).toString("base64url")}`;
}

/** The claims of a token, to be written in another way. */
export function claimsTextOf(token: string): string {
  return Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
}
