import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigError, PeerError } from "../../src/errors.js";
import { IssuerKeys, parseIssuer } from "../../src/tokens/issuer-keys.js";
import { parseToken } from "../../src/tokens/parse-token.js";
import { ScopeSet } from "../../src/tokens/scope-set.js";
import { parseStrictObject } from "../../src/tokens/strict-json.js";
import { parseRevocations } from "../../src/tokens/token-revocations.js";
import { verifyToken } from "../../src/tokens/verify-token.js";
import { expectations, issuerName, jwkOf, keys, mintChild, mintToken } from "../helpers/mint-token.js";

const seed = Number(process.env.PINWIRE_SEED ?? Math.floor(Math.random() * 2 ** 31));
const options = { seed, numRuns: 2_000 };
const named = `(PINWIRE_SEED=${seed})`;

const issuerText = JSON.stringify({ version: 1, iss: issuerName, keys: [jwkOf(keys.issuer)] });

const part = fc.oneof(fc.string(), fc.json(), fc.base64String()).map((text) => Buffer.from(text).toString("base64url"));
const anyToken = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(part, { maxLength: 6 }).map((parts) => parts.join(".")),
  fc.tuple(part, part).map(([head, body]) => `${head}.${body}.${"A".repeat(86)}`),
);

describe("readers of what comes from outside", () => {
  it(`throw a PeerError for any text that is no token ${named}`, () => {
    fc.assert(
      fc.property(anyToken, (text) => {
        expect(() => parseToken(text)).toThrow(PeerError);
      }),
      options,
    );
  });

  it(`throw a PeerError for a token with any claim replaced by anything ${named}`, { timeout: 60_000 }, async () => {
    const claim = fc.constantFrom(
      "iss",
      "aud",
      "sub",
      "scope",
      "iat",
      "nbf",
      "exp",
      "jti",
      "cnf",
      "once",
      "parent",
      "key",
      "x",
    );
    await fc.assert(
      fc.asyncProperty(claim, fc.jsonValue(), fc.boolean(), async (name, value, delegated) => {
        const overrides = { claims: { [name]: value } };
        const token = delegated ? mintChild(mintToken(), overrides) : mintToken(overrides);
        const verdict = await verifyToken(token, expectations).catch((error: unknown) => error);
        const same = name === "once" && value === true;
        if (same && !delegated) expect(verdict).not.toBeInstanceOf(Error);
        else if (verdict instanceof Error) expect(verdict).toBeInstanceOf(PeerError);
        // A name that happens to be good, or a scope: what is left is a good token.
        else expect(["iss", "scope", "jti"]).toContain(name);
      }),
      { seed, numRuns: 500 },
    );
  });

  it(`read of strict JSON only what is written back the same, as JSON.parse reads it ${named}`, () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.dictionary(fc.string(), fc.jsonValue()).map((o) => JSON.stringify(o)),
        ),
        (text) => {
          const value = parseStrictObject(text);
          if (value !== undefined) expect(JSON.stringify(value)).toBe(text);
        },
      ),
      options,
    );
  });

  it.each([
    '{"a":1,"a":1}',
    '{"a":{"b":1,"b":2}}',
    '{ "a":1}',
    '{"a":1.0}',
    '{"a":1e2}',
    '{"a":-0}',
    '{"a":01}',
    '{"a":"\\u0061"}',
    '{"a":"\\n"}',
    '{"a":"ä"}',
    '{"a":1}\n',
    "[]",
    "null",
    '"a"',
    "",
    '{"a":1',
    '{"2":1,"1":2}',
  ])("do not read %j", (text) => expect(parseStrictObject(Buffer.from(text).toString("latin1"))).toBeUndefined());

  it("do not fall over a deep nesting", () => {
    const deep = `{"a":${"[".repeat(4_000)}${"]".repeat(4_000)}}`;
    expect(() => parseStrictObject(deep)).not.toThrow();
    expect(() => parseToken(mintToken({ claimsText: deep.slice(0, 4_000) }))).toThrow(PeerError);
  });

  it(`throw a ConfigError for any text that is no file of ours ${named}`, () => {
    const text = fc.oneof(fc.string(), fc.json());
    fc.assert(
      fc.property(text, (given) => {
        expect(() => parseIssuer(given, "issuers.json")).toThrow(ConfigError);
        expect(() => parseRevocations(given, "revoked.json")).toThrow(ConfigError);
      }),
      options,
    );
  });

  it.each([
    ["no keys", { version: 1, iss: issuerName, keys: [] }],
    ["five keys", { version: 1, iss: issuerName, keys: Array(5).fill(jwkOf(keys.issuer)) }],
    ["another version", { version: 2, iss: issuerName, keys: [jwkOf(keys.issuer)] }],
    ["a private key", { version: 1, iss: issuerName, keys: [keys.issuer.export({ format: "jwk" })] }],
    ["an unknown field", { version: 1, iss: issuerName, keys: [jwkOf(keys.issuer)], url: "x" }],
    ["a key of another curve", { version: 1, iss: issuerName, keys: [{ ...jwkOf(keys.issuer), crv: "P-384" }] }],
  ])("refuse an issuers.json with %s", (_, value) => {
    expect(() => parseIssuer(JSON.stringify(value), "issuers.json")).toThrow(/^issuers\.json cannot be used: /);
  });

  it("refuse an issuer whose name is no SPIFFE ID, and the same issuer twice", () => {
    expect(() => parseIssuer(JSON.stringify({ version: 1, iss: "me", keys: [jwkOf(keys.issuer)] }), "f")).toThrow(
      '"me" is not a SPIFFE ID',
    );
    const issuer = parseIssuer(issuerText, "issuers.json");
    expect(() => IssuerKeys.of([issuer, issuer])).toThrow(`two files are about ${issuerName}`);
  });
});

describe("scopes", () => {
  it(`grant what they name, and the methods of services that they name, by a naive reading too ${named}`, () => {
    const service = fc.constantFrom("a.A", "a.AB", "a", "b.A");
    const scope = fc.oneof(
      fc.tuple(service, fc.constantFrom("X", "Y", "*")).map(([name, method]) => `${name}/${method}`),
      fc.constantFrom("read", "write", "*", "/*"),
    );
    fc.assert(
      fc.property(fc.uniqueArray(scope, { minLength: 1 }), scope, (granted, wanted) => {
        const naive = granted.some(
          (one) =>
            one === wanted ||
            (/^.+\/\*$/.test(one) && wanted.split("/")[0] === one.slice(0, -2) && wanted.includes("/")),
        );
        expect(ScopeSet.of(granted)?.grants(wanted)).toBe(naive);
      }),
      options,
    );
  });
});
