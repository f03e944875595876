import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import {
  audience,
  claimsTextOf,
  fourthId,
  holderId,
  issuerName,
  jwkOf,
  keys,
  mintChild,
  mintToken,
  now,
  nowSeconds,
  otherId,
  type TokenOverrides,
  thirdId,
  thumbprint,
} from "./mint-token.js";

/** A token, what it is held against, and what has to come of it. */
export interface TokenCase {
  readonly name: string;
  readonly token: string;
  /** `ok`, or the code. */
  readonly verdict: string;
  readonly issuers: readonly { version: 1; iss: string; keys: readonly ReturnType<typeof jwkOf>[] }[];
  readonly revoked: { version: 1; tokens: Record<string, number>; subjects: Record<string, number> };
  readonly audience: string;
  readonly holder: { readonly id: string; readonly thumbprint: string };
  readonly now: number;
  readonly required: readonly string[];
}

const day = 86_400;
const holder = { id: holderId, thumbprint: thumbprint(keys.holder) };
const other = { id: otherId, thumbprint: thumbprint(keys.other) };
const third = { id: thirdId, thumbprint: thumbprint(keys.third) };
const fourth = { id: fourthId, thumbprint: thumbprint(keys.fourth) };

function entry(name: string, verdict: string, token: string, against: Partial<TokenCase> = {}): TokenCase {
  return {
    name,
    token,
    verdict: verdict === "ok" ? verdict : `ERR_TOKEN_${verdict}`,
    issuers: [{ version: 1, iss: issuerName, keys: [jwkOf(keys.issuer), jwkOf(keys.next)] }],
    revoked: { version: 1, tokens: {}, subjects: {} },
    audience,
    holder,
    now,
    required: ["greet"],
    ...against,
  };
}

const claims = (changed: Record<string, unknown>): TokenOverrides => ({ claims: changed });
const one = (name: string, verdict: string, overrides: TokenOverrides, against?: Partial<TokenCase>) =>
  entry(name, verdict, mintToken(overrides), against);
/** A child of a good token, presented by the other. */
const child = (name: string, verdict: string, overrides: TokenOverrides, against?: Partial<TokenCase>) =>
  entry(name, verdict, mintChild(mintToken(), overrides), { holder: other, ...against });

/** The text of the claims, changed in one place. */
function respelt(from: string | RegExp, to: string): TokenOverrides {
  const text = claimsTextOf(mintToken());
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`${from} is not in the claims`);
  return { claimsText: changed };
}

function form(): TokenCase[] {
  const good = mintToken();
  const [head = "", body = "", signature = ""] = good.split(".");
  const hmac = createHmac("sha256", JSON.stringify(jwkOf(keys.issuer)))
    .update(`${head}.${body}`)
    .digest("base64url");
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  return [
    entry("no token", "MALFORMED", ""),
    entry("one part", "MALFORMED", head),
    entry("two parts", "MALFORMED", `${head}.${body}`),
    entry("an empty signature", "MALFORMED", `${head}.${body}.`),
    entry("four parts", "MALFORMED", `${good}.AA`),
    entry("JWE, five parts", "MALFORMED", `${head}.${body}.${signature}.AA.AA`),
    entry("a space before", "MALFORMED", ` ${good}`),
    entry("a newline after", "MALFORMED", `${good}\n`),
    entry("padding", "MALFORMED", `${good}==`),
    entry("standard base64", "MALFORMED", `${head}.${body}.${"+/".repeat(43)}`),
    entry("bits beyond the signature", "MALFORMED", `${head}.${body}.${signature.slice(0, 85)}${lastBits(signature)}`),
    entry("a signature of 63 bytes", "MALFORMED", mintToken({ signature: (right) => right.subarray(1) })),
    entry("a signature in DER", "MALFORMED", withDerSignature(head, body)),
    entry("HMAC with the public key", "MALFORMED", `${head}.${body}.${hmac}`),
    entry("RSA", "MALFORMED", `${head}.${body}.${sign("sha256", Buffer.from("x"), rsa).toString("base64url")}`),
    entry("too long", "MALFORMED", `${good}${"A".repeat(8_192)}`),
  ];
}

function headers(): TokenCase[] {
  const kid = thumbprint(keys.issuer);
  const header = (changed: Record<string, unknown>): TokenOverrides => ({ header: changed });
  return [
    one("alg none", "MALFORMED", header({ alg: "none" })),
    one("alg HS256", "MALFORMED", header({ alg: "HS256" })),
    one("alg ES384", "MALFORMED", header({ alg: "ES384" })),
    one("alg in lower case", "MALFORMED", header({ alg: "es256" })),
    one("no typ", "MALFORMED", header({ typ: undefined })),
    one("typ JWT", "MALFORMED", header({ typ: "JWT" })),
    one("no kid", "MALFORMED", header({ kid: undefined })),
    one("kid of another form", "MALFORMED", header({ kid: "../../etc/passwd" })),
    one("kid of the next key, by the current", "SIGNATURE", header({ kid: thumbprint(keys.next) })),
    one("kid that nobody knows", "UNKNOWN_ISSUER", header({ kid: thumbprint(keys.stranger) })),
    one("crit", "MALFORMED", header({ crit: ["exp"] })),
    one("b64", "MALFORMED", header({ b64: false, crit: ["b64"] })),
    one("jku", "MALFORMED", header({ jku: "https://example.com/keys" })),
    one("x5u", "MALFORMED", header({ x5u: "https://example.com/cert" })),
    one("x5c", "MALFORMED", header({ x5c: ["AA=="] })),
    one("jwk", "MALFORMED", header({ jwk: jwkOf(keys.issuer) })),
    one("zip", "MALFORMED", header({ zip: "DEF" })),
    one("alg twice", "MALFORMED", {
      headerText: `{"typ":"pinwire-cap+jwt","alg":"none","alg":"ES256","kid":"${kid}"}`,
    }),
    one("a header with spaces", "MALFORMED", { headerText: `{"typ": "pinwire-cap+jwt","alg":"ES256","kid":"${kid}"}` }),
    one("an escape in the header", "MALFORMED", {
      headerText: `{"typ":"pinwire-cap+jwt","\\u0061lg":"ES256","kid":"${kid}"}`,
    }),
    one("a list as the header", "MALFORMED", { headerText: "[]" }),
  ];
}

function forms(): TokenCase[] {
  return [
    one("claims that are no JSON", "MALFORMED", { claimsText: "greet" }),
    one("claims that are null", "MALFORMED", { claimsText: "null" }),
    one("claims that are a list", "MALFORMED", { claimsText: "[]" }),
    one("no claims", "MALFORMED", { claimsText: "{}" }),
    one("sub twice", "MALFORMED", respelt('"sub"', `"sub":"${otherId}","sub"`)),
    one("sub twice, the same", "MALFORMED", respelt('"sub"', `"sub":"${holderId}","sub"`)),
    one("jkt twice", "MALFORMED", respelt('{"jkt"', `{"jkt":"${thumbprint(keys.other)}","jkt"`)),
    one("spaces", "MALFORMED", respelt(":", ": ")),
    one("a byte order mark", "MALFORMED", respelt("{", "\ufeff{")),
    one("an escape", "MALFORMED", respelt('"greet"', '"\\u0067reet"')),
    one("a character beyond ASCII", "MALFORMED", claims({ scope: "grüße" })),
    one("an unknown claim", "MALFORMED", claims({ admin: true })),
    one("__proto__", "MALFORMED", respelt("{", '{"__proto__":{},')),
    one("no iss", "MALFORMED", claims({ iss: undefined })),
    one("iss of another issuer", "UNKNOWN_ISSUER", claims({ iss: otherId })),
    one("iss as a list", "MALFORMED", claims({ iss: [issuerName] })),
    one("no jti", "MALFORMED", claims({ jti: undefined })),
    one("a short jti", "MALFORMED", claims({ jti: "123456789012345" })),
    one("jti as a number", "MALFORMED", claims({ jti: 1_234_567_890_123_456 })),
    one("no cnf", "MALFORMED", claims({ cnf: undefined })),
    one("cnf with a key beside jkt", "MALFORMED", claims({ cnf: { jkt: holder.thumbprint, jwk: jwkOf(keys.holder) } })),
    one("jkt with padding", "MALFORMED", claims({ cnf: { jkt: `${holder.thumbprint}=` } })),
    one("jkt with bits beyond", "MALFORMED", claims({ cnf: { jkt: `${holder.thumbprint.slice(0, 42)}_` } })),
    one("once that is false", "MALFORMED", claims({ once: false })),
    one("once as a text", "MALFORMED", claims({ once: "true" })),
    one("a parent without a key", "MALFORMED", claims({ parent: mintToken() })),
    one("a key without a parent", "MALFORMED", claims({ key: jwkOf(keys.holder) })),
    one("for one call", "ok", claims({ once: true })),
    one("signed by the next key", "ok", { key: keys.next }),
    one("signed by a stranger as the issuer", "SIGNATURE", {
      key: keys.stranger,
      header: { kid: thumbprint(keys.issuer) },
    }),
    one("zeros as the signature", "SIGNATURE", { signature: () => Buffer.alloc(64) }),
    one("R and S swapped", "SIGNATURE", {
      signature: (right) => Buffer.concat([right.subarray(32), right.subarray(0, 32)]),
    }),
  ];
}

function audiences(): TokenCase[] {
  return [
    one("aud of another server", "AUDIENCE", claims({ aud: otherId })),
    one("aud as a list", "MALFORMED", claims({ aud: [audience] })),
    one("aud with another beside", "MALFORMED", claims({ aud: [audience, otherId] })),
    one("aud that is the beginning of ours", "AUDIENCE", claims({ aud: audience.slice(0, -1) })),
    one("aud that begins with ours", "AUDIENCE", claims({ aud: `${audience}/admin` })),
    one("aud in upper case", "AUDIENCE", claims({ aud: audience.toUpperCase() })),
    one("aud of another trust domain", "AUDIENCE", claims({ aud: "spiffe://other.test/greeter" })),
    one("aud with a slash at its end", "AUDIENCE", claims({ aud: `${audience}/` })),
    one("an empty aud", "MALFORMED", claims({ aud: "" })),
    one("no aud", "MALFORMED", claims({ aud: undefined })),
    one("aud null", "MALFORMED", claims({ aud: null })),
    one("sub of another peer", "HOLDER", claims({ sub: otherId })),
    one("bound to another key", "HOLDER", claims({ cnf: { jkt: other.thumbprint } })),
    entry("presented by another peer", "HOLDER", mintToken(), { holder: other }),
    entry("presented with another key", "HOLDER", mintToken(), { holder: { ...holder, thumbprint: other.thumbprint } }),
    entry("presented under another name", "HOLDER", mintToken(), { holder: { ...holder, id: otherId } }),
  ];
}

/** Times; TOK-06. */
export function timeCases(): TokenCase[] {
  const times = (name: string, verdict: string, changed: Record<string, unknown>, at = now) =>
    one(name, verdict, claims(changed), { now: at });
  const spelt = (name: string, text: string) => one(name, "MALFORMED", respelt(/"exp":\d+/, `"exp":${text}`));
  const end = nowSeconds + 840;
  return [
    times("good", "ok", {}),
    times("exp past", "EXPIRED", { exp: nowSeconds - 1 }),
    times("exp now", "EXPIRED", {}, end * 1_000),
    times("one millisecond before exp", "ok", {}, end * 1_000 - 1),
    times("one millisecond after exp", "EXPIRED", {}, end * 1_000 + 1),
    times("nbf at the end of the skew", "ok", { nbf: nowSeconds + 5 }),
    times("nbf beyond the skew", "NOT_YET_VALID", { nbf: nowSeconds + 6 }),
    times("nbf at the skew, a millisecond too early", "NOT_YET_VALID", { nbf: nowSeconds + 5 }, now - 1),
    times("nbf far away", "NOT_YET_VALID", { nbf: nowSeconds + 800 }),
    times("iat in the future", "NOT_YET_VALID", { iat: nowSeconds + 10, nbf: nowSeconds + 10 }),
    times("iat after nbf", "MALFORMED", { iat: nowSeconds - 59 }),
    times("exp at nbf", "MALFORMED", { exp: nowSeconds - 60 }),
    times("a day of life", "ok", { iat: nowSeconds - 60, exp: nowSeconds - 60 + day }),
    times("a day and a second", "LIFETIME", { iat: nowSeconds - 60, exp: nowSeconds - 59 + day }),
    times("an old iat that hides a long life", "LIFETIME", { iat: nowSeconds - day, exp: nowSeconds + 1 }),
    times("no exp", "MALFORMED", { exp: undefined }),
    times("no nbf", "MALFORMED", { nbf: undefined }),
    times("no iat", "MALFORMED", { iat: undefined }),
    times("exp null", "MALFORMED", { exp: null }),
    times("exp as a text", "MALFORMED", { exp: String(end) }),
    times("exp true", "MALFORMED", { exp: true }),
    times("exp in milliseconds", "MALFORMED", { exp: end * 1_000 }),
    times("exp at the end of time", "LIFETIME", { exp: 253_402_300_799 }),
    times("exp after the end of time", "MALFORMED", { exp: 253_402_300_800 }),
    times("exp zero", "MALFORMED", { exp: 0 }),
    times("exp negative", "MALFORMED", { exp: -end }),
    spelt("exp as a fraction", `${end}.5`),
    spelt("exp with a fraction of nothing", `${end}.0`),
    spelt("exp as a power", "1.80000084e9"),
    spelt("exp 1e308", "1e308"),
    spelt("exp 1e309", "1e309"),
    spelt("exp minus zero", "-0"),
    spelt("exp with a leading zero", `0${end}`),
    spelt("exp of thirty digits", "9".repeat(30)),
    spelt("exp NaN", "NaN"),
    spelt("exp Infinity", "Infinity"),
  ];
}

function scopes(): TokenCase[] {
  const scope = (name: string, verdict: string, granted: unknown, required: readonly string[] = ["greet"]) =>
    one(name, verdict, claims({ scope: granted }), { required });
  const method = "hello.v1.GreeterService/SayHello";
  return [
    scope("two scopes, one needed", "ok", "greet wave"),
    scope("two needed, both there", "ok", "wave greet", ["greet", "wave"]),
    scope("two needed, one there", "SCOPE", "greet", ["greet", "wave"]),
    scope("another scope", "SCOPE", "wave"),
    scope("the beginning of a scope", "SCOPE", "gree"),
    scope("more than the scope", "SCOPE", "greeting"),
    scope("another case", "SCOPE", "Greet"),
    scope("the method", "ok", method, [method]),
    scope("its service", "ok", "hello.v1.GreeterService/*", [method]),
    scope("a service that begins with it", "SCOPE", "hello.v1.GreeterServiceX/*", [method]),
    scope("its package", "SCOPE", "hello.v1/*", [method]),
    scope("everything", "SCOPE", "*", [method]),
    scope("a star without a service", "SCOPE", "/*", ["/x"]),
    scope("no scope", "MALFORMED", undefined),
    scope("an empty scope", "MALFORMED", ""),
    scope("two spaces", "MALFORMED", "greet  wave"),
    scope("a space at the end", "MALFORMED", "greet "),
    scope("a tab", "MALFORMED", "greet\twave"),
    scope("a quotation mark", "MALFORMED", 'greet "'),
    scope("the same twice", "MALFORMED", "greet greet"),
    scope("a list", "MALFORMED", ["greet"]),
    scope("65 scopes", "MALFORMED", Array.from({ length: 65 }, (_, i) => `greet${i}`).join(" ")),
    scope("a scope of 256 characters", "MALFORMED", `greet ${"x".repeat(256)}`),
  ];
}

/** What is handed on; TOK-12. */
export function delegationCases(): TokenCase[] {
  const good = mintToken(claims({ scope: "greet wave notes.v1.Notes/*" }));
  const from = (name: string, verdict: string, overrides: TokenOverrides, against?: Partial<TokenCase>) =>
    entry(name, verdict, mintChild(good, overrides), { holder: other, ...against });
  const second = mintChild(good);
  const hand = (parent: string, key: typeof keys.holder, iss: string, to: typeof third) =>
    mintChild(parent, { key, claims: { iss, sub: to.id, cnf: { jkt: to.thumbprint } } });
  const thirdToken = hand(second, keys.other, otherId, third);
  const fourthToken = hand(thirdToken, keys.third, thirdId, fourth);
  const fifthToken = hand(fourthToken, keys.fourth, fourthId, holder);
  return [
    child("handed on once", "ok", {}),
    entry("handed on twice", "ok", thirdToken, { holder: third }),
    entry("handed on three times", "ok", fourthToken, { holder: fourth }),
    entry("handed on four times", "DELEGATION", fifthToken),
    from("fewer scopes", "ok", claims({ scope: "wave" }), { required: ["wave"] }),
    from("a method of a service of the parent", "ok", claims({ scope: "notes.v1.Notes/Read" }), {
      required: ["notes.v1.Notes/Read"],
    }),
    from("the service of the parent", "ok", claims({ scope: "greet notes.v1.Notes/*" })),
    from("another scope", "DELEGATION", claims({ scope: "greet admin" })),
    from("only another scope", "DELEGATION", claims({ scope: "admin" }), { required: ["admin"] }),
    child("a service, of one method", "DELEGATION", claims({ scope: "greet notes.v1.Notes/*" })),
    from("a later end", "DELEGATION", claims({ exp: nowSeconds + 841 })),
    from("the same end", "ok", claims({ exp: nowSeconds + 840 })),
    from("an earlier beginning", "DELEGATION", claims({ iat: nowSeconds - 61, nbf: nowSeconds - 61 })),
    from("another server", "DELEGATION", claims({ aud: otherId }), { audience: otherId }),
    from("from somebody else", "DELEGATION", claims({ iss: thirdId })),
    from("from the issuer", "DELEGATION", claims({ iss: issuerName })),
    from("by another key", "DELEGATION", { key: keys.third }),
    from("by another key, under the kid of the right one", "DELEGATION", {
      key: keys.third,
      header: { kid: holder.thumbprint },
    }),
    from("by another key, with the right one named", "SIGNATURE", {
      key: keys.third,
      header: { kid: holder.thumbprint },
      claims: { key: jwkOf(keys.holder) },
    }),
    from("to the holder itself", "ok", claims({ sub: holderId, cnf: { jkt: holder.thumbprint } }), { holder }),
    from("presented by its maker", "HOLDER", {}, { holder }),
    from("for one call", "ok", claims({ once: true })),
    entry("of one for one call", "DELEGATION", mintChild(mintToken(claims({ once: true }))), { holder: other }),
    entry("of one for another holder", "DELEGATION", mintChild(mintToken(claims({ sub: thirdId }))), { holder: other }),
    entry("of a forged one", "SIGNATURE", mintChild(mintToken({ signature: () => Buffer.alloc(64, 1) })), {
      holder: other,
    }),
    entry("of one by a stranger", "UNKNOWN_ISSUER", mintChild(mintToken({ key: keys.stranger })), { holder: other }),
    entry("of a malformed one", "MALFORMED", mintChild("x.y.z"), { holder: other }),
    from("a parent that is no text", "MALFORMED", claims({ parent: { token: good } })),
    from("a private key", "MALFORMED", claims({ key: keys.holder.export({ format: "jwk" }) })),
    from("a key of another curve", "MALFORMED", claims({ key: { ...jwkOf(keys.holder), crv: "P-384" } })),
    from(
      "a point that is not on the curve",
      "DELEGATION",
      claims({ key: { ...jwkOf(keys.holder), y: "A".repeat(43) } }),
    ),
    from("expired with its parent", "EXPIRED", claims({ exp: nowSeconds + 840 }), { now: (nowSeconds + 840) * 1_000 }),
  ];
}

function revocations(): TokenCase[] {
  const parent = mintToken();
  const jtiOf = (token: string) => JSON.parse(claimsTextOf(token)).jti as string;
  const given = mintChild(parent);
  const revoked = (tokens: readonly string[], subjects: Record<string, number> = {}) => ({
    revoked: { version: 1 as const, tokens: Object.fromEntries(tokens.map((jti) => [jti, nowSeconds])), subjects },
  });
  return [
    entry("revoked", "REVOKED", parent, revoked([jtiOf(parent)])),
    entry("another is revoked", "ok", parent, revoked([jtiOf(given)])),
    entry("its parent is revoked", "REVOKED", given, { holder: other, ...revoked([jtiOf(parent)]) }),
    entry("its holder is revoked", "REVOKED", parent, revoked([], { [holderId]: nowSeconds - 60 })),
    entry("its holder was revoked before", "ok", parent, revoked([], { [holderId]: nowSeconds - 61 })),
    entry("who handed it on is revoked", "REVOKED", given, {
      holder: other,
      ...revoked([], { [holderId]: nowSeconds }),
    }),
    entry("another holder is revoked", "ok", parent, revoked([], { [otherId]: nowSeconds })),
    entry("revoked and expired", "EXPIRED", parent, {
      now: (nowSeconds + 841) * 1_000,
      ...revoked([jtiOf(parent)]),
    }),
  ];
}

/** Every kind of token that the documentation speaks of, good and bad. */
export function tokenTable(): TokenCase[] {
  return [
    ...form(),
    ...headers(),
    ...forms(),
    ...audiences(),
    ...timeCases(),
    ...scopes(),
    ...delegationCases(),
    ...revocations(),
  ];
}

/** The last character of 64 bytes with the four bits set that mean nothing. */
function lastBits(signature: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return alphabet[alphabet.indexOf(signature.at(-1) ?? "A") | 1] ?? "";
}

function withDerSignature(head: string, body: string): string {
  const der = sign("sha256", Buffer.from(`${head}.${body}`), keys.issuer);
  return `${head}.${body}.${der.toString("base64url")}`;
}
