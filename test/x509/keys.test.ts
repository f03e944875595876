import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import { generateKeys, isAcceptableKey, privateKeyFromPem, privateKeyToPem, spkiOf } from "../../src/x509/keys.js";
import { publicKeyFromSpki } from "../../src/x509/public-key-info.js";
import { X509Error } from "../../src/x509/x509-error.js";
import { childrenOf, tlv } from "../helpers/der.js";
import { thrown } from "../helpers/thrown.js";

const rsa = (modulusLength: number, publicExponent = 65_537) =>
  generateKeyPairSync("rsa", { modulusLength, publicExponent }).privateKey;
const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).privateKey;

describe("isAcceptableKey", () => {
  test.each<[string, KeyObject]>([
    ["P-256", ec("P-256")],
    ["P-384", ec("P-384")],
    ["RSA-2048", rsa(2048)],
    ["RSA-2048 with exponent 3", rsa(2048, 3)],
  ])("%s: yes", (_, key) => {
    expect(isAcceptableKey(key)).toBe(true);
    expect(publicKeyFromSpki(spkiOf(key)).asymmetricKeyType).toBe(key.asymmetricKeyType);
  });

  test.each<[string, KeyObject, string]>([
    ["P-521", ec("P-521"), "not a P-256, P-384 or RSA key"],
    ["P-224", ec("P-224"), "not a P-256, P-384 or RSA key"],
    ["secp256k1", ec("secp256k1"), "not a P-256, P-384 or RSA key"],
    ["Ed25519", generateKeyPairSync("ed25519").privateKey, "not a P-256, P-384 or RSA key"],
    ["RSA-1024", rsa(1024), "a key weaker than is accepted"],
    ["RSA-2040", rsa(2040), "a key weaker than is accepted"],
    ["RSA-2052", rsa(2052), "a key weaker than is accepted"],
    [
      "RSA for PSS only",
      generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).privateKey,
      "not a P-256, P-384 or RSA key",
    ],
  ])("%s: no", (_, key, fault) => {
    expect(isAcceptableKey(key)).toBe(false);
    const error = thrown(X509Error, () => publicKeyFromSpki(spkiOf(key)));
    expect(error.message).toBe(`subjectPublicKeyInfo: ${fault}`);
  });
});

describe("publicKeyFromSpki", () => {
  const spki = spkiOf(generateKeys().privateKey);
  const [algorithm = Buffer.alloc(0), bits = Buffer.alloc(0)] = childrenOf(spki);
  const point = bits.subarray(3);
  const withPoint = (...octets: Buffer[]) => tlv(0x30, algorithm, tlv(0x03, Buffer.from([0]), ...octets));
  const refusal = (der: Buffer) => thrown(X509Error, () => publicKeyFromSpki(der)).message;

  test("one key has one encoding", () => {
    expect(withPoint(point)).toEqual(spki);
    const compressed = Buffer.from([2 + ((point[64] ?? 0) & 1), ...point.subarray(1, 33)]);
    expect(refusal(withPoint(compressed))).toBe("subjectPublicKeyInfo: not an uncompressed point");
    const hybrid = Buffer.from([6 + ((point[64] ?? 0) & 1), ...point.subarray(1)]);
    expect(refusal(withPoint(hybrid))).toBe("subjectPublicKeyInfo: not an uncompressed point");
    expect(refusal(withPoint(point, Buffer.from([0])))).toBe("subjectPublicKeyInfo: not an uncompressed point");
    expect(refusal(Buffer.concat([spki, Buffer.from([0])]))).toBe(
      "subjectPublicKeyInfo: 1 unexpected bytes at the end",
    );
  });

  test("a point that is not on the curve", () => {
    const off = Buffer.from(point);
    off[64] = (off[64] ?? 0) ^ 1;
    expect(refusal(withPoint(off))).toBe("subjectPublicKeyInfo: not a key");
  });

  test("the parameters of a curve in place of its name (CVE-2020-0601)", () => {
    const explicit = generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" });
    expect(refusal(spkiOf(explicit.privateKey))).toBe("subjectPublicKeyInfo: not a P-256, P-384 or RSA key");
  });

  test("RSA without the NULL parameters, or with something after the exponent", () => {
    const [, rsaBits = Buffer.alloc(0)] = childrenOf(spkiOf(rsa(2048)));
    const oid = Buffer.from("06092a864886f70d010101", "hex");
    expect(refusal(tlv(0x30, tlv(0x30, oid), rsaBits))).toBe("subjectPublicKeyInfo: not a P-256, P-384 or RSA key");
    const key = childrenOf(rsaBits.subarray(5));
    const longer = tlv(0x30, ...key, Buffer.from("020101", "hex"));
    const withNull = tlv(0x30, oid, Buffer.from("0500", "hex"));
    expect(refusal(tlv(0x30, withNull, tlv(0x03, Buffer.from([0]), longer)))).toBe(
      "subjectPublicKeyInfo: 3 unexpected bytes at the end",
    );
  });
});

describe("private keys in PEM", () => {
  const { privateKey } = generateKeys();
  const refusal = (pem: string, passphrase?: string) => {
    return thrown(X509Error, () => privateKeyFromPem(pem, passphrase)).message;
  };

  test("there and back", () => {
    expect(privateKeyFromPem(privateKeyToPem(privateKey)).equals(privateKey)).toBe(true);
  });

  test("there and back with a passphrase", () => {
    const pem = privateKeyToPem(privateKey, "correct horse");
    expect(pem).toContain("BEGIN ENCRYPTED PRIVATE KEY");
    expect(privateKeyFromPem(pem, "correct horse").equals(privateKey)).toBe(true);
    expect(refusal(pem, "battery staple")).toBe("private key: the passphrase is wrong or it is not PKCS#8");
  });

  test.each<[string, string, string | undefined, string]>([
    ["nothing", "", undefined, "private key: not exactly one PRIVATE KEY block"],
    [
      "two keys",
      privateKeyToPem(privateKey) + privateKeyToPem(privateKey),
      undefined,
      "private key: not exactly one PRIVATE KEY block",
    ],
    [
      "an encrypted key without a passphrase",
      privateKeyToPem(privateKey, "secret"),
      undefined,
      "PEM: a block ENCRYPTED PRIVATE KEY, where PRIVATE KEY is expected",
    ],
    [
      "a plain key with a passphrase",
      privateKeyToPem(privateKey),
      "secret",
      "PEM: a block PRIVATE KEY, where ENCRYPTED PRIVATE KEY is expected",
    ],
    [
      "the older format",
      privateKey.export({ type: "sec1", format: "pem" }).toString(),
      undefined,
      "PEM: a block EC PRIVATE KEY, where PRIVATE KEY is expected",
    ],
    [
      "something else in base64",
      "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
      undefined,
      "private key: not PKCS#8",
    ],
    [
      "a weak key",
      privateKeyToPem(rsa(1024)),
      undefined,
      "private key: not a P-256, P-384 or RSA key of at least 2048 bits",
    ],
  ])("refuses %s", (_, pem, passphrase, message) => {
    expect(refusal(pem, passphrase)).toBe(message);
  });

  test("the error does not quote the key", () => {
    const pem = privateKeyToPem(privateKey).replace(/\n(.{20})/, "\nAAAA$1".slice(0, 5));
    expect(() => createPrivateKey(pem)).toThrow();
    const error = thrown(X509Error, () => privateKeyFromPem(pem));
    expect(error.cause).toBeUndefined();
  });
});
