import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { safely } from "../../src/interceptors/logger.js";
import { scrubFields } from "../../src/interceptors/scrub.js";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString().trim();
const der = privateKey.export({ type: "pkcs8", format: "der" }).toString("base64");
const sec1 = privateKey.export({ type: "sec1", format: "der" }).toString("base64");
const ed25519 = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "der" }).toString("base64");
const jwk = privateKey.export({ format: "jwk" });
const token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl";

describe("the last net", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["a key as PEM", `cannot read ${pem} there`, "cannot read [PEM removed] there"],
    ["half a PEM", pem.slice(0, 80), "[PEM removed]"],
    ["a key as base64", `key=${der}`, "key=[DER removed]"],
    ["a key of the older form", `key=${sec1}`, "key=[DER removed]"],
    ["a small key", `key=${ed25519}`, "key=[DER removed]"],
    ["a key as it stands in a URL", `key=${Buffer.from(der, "base64").toString("base64url")}`, "key=[DER removed]"],
    ["a private JWK", `{"kty":"EC","d":"${jwk.d}"}`, '{"kty":"EC","d":"[key removed]"}'],
    ["a token", `token ${token} refused`, "token [token removed] refused"],
    ["a bearer", "authorization: Bearer abc.def", "authorization: [token removed]"],
  ];
  for (const [what, text, expected] of cases) {
    it(`takes out ${what}, wherever it is`, () => {
      expect(scrubFields({ reason: text })).toEqual({ reason: expected });
      expect(scrubFields({ payload: [{ deep: text }] })).toEqual({ payload: [{ deep: expected }] });
    });
  }

  it("does not stop where messages are as deep as they can be", () => {
    let deep: object = { text: pem };
    for (let n = 0; n < 30; n++) deep = n % 2 === 0 ? [deep] : { deep };
    expect(JSON.stringify(scrubFields(deep))).toContain("[PEM removed]");
    for (let n = 0; n < 100; n++) deep = { deep };
    expect(JSON.stringify(scrubFields(deep))).not.toContain("BEGIN");
  });

  it("looks at each character of a text a few times, however it is made", () => {
    // In steps that grow with the square this would take minutes.
    for (const part of [
      "eyJaaaaaaaa-",
      "-----END",
      "-----BEGIN",
      "bearer ",
      "bearer  ",
      `MC${"A".repeat(39)} `,
      "MACAQA",
      "MACAQA-",
      '"d":',
      '"d" : "',
    ]) {
      const text = `${"-----BEGIN".slice(0, part === "-----END" ? 10 : 0)}${part.repeat(100_000)}`;
      expect(typeof scrubFields({ text }).text).toBe("string");
    }
  });

  it("leaves what is no secret as it is: the very same object", () => {
    const record = {
      peer: "spiffe://local.test/cli",
      pin: "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
      method: "/hello.v1.GreeterService/SayHello",
      reference: "a1b2c3d4e5f6",
      nested: { list: [1, "two", null] },
    };
    expect(scrubFields(record)).toBe(record);
  });

  it("leaves pins, whatever they begin with", () => {
    for (const begin of ["MC", "MI", "MHcCAQ", "MC4CAQ"]) {
      const record = {
        pin: `sha256/${begin.padEnd(43, "A")}=`,
        reason: `the pin, sha256/${begin.padEnd(43, "b")}=, is not`,
      };
      expect(scrubFields(record)).toBe(record);
    }
  });

  it("hangs before every logger", () => {
    const written: object[] = [];
    const write = (fields: object) => void written.push(fields);
    safely({ debug: write, info: write, warn: write, error: write }).warn({ reason: pem }, "constant");
    expect(written).toEqual([{ reason: "[PEM removed]" }]);
  });
});
