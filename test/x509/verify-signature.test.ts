import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { generateKeys } from "../../src/x509/keys.js";
import { isSignature, isSignedBy } from "../../src/x509/verify-signature.js";
import { mintCa, mintLeaf } from "../helpers/mint.js";

const bytes = (hex: string) => Buffer.from(hex, "hex");
const ecdsa = { sha256: bytes("300a06082a8648ce3d040302"), sha384: bytes("300a06082a8648ce3d040303") };
const pkcs1 = (arc: string) => bytes(`300d06092a864886f70d0101${arc}0500`);
const pssSha256 = bytes(
  "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120",
);

const p256 = generateKeys();
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const p521 = generateKeyPairSync("ec", { namedCurve: "P-521" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const weak = generateKeyPairSync("rsa", { modulusLength: 1024 });
const data = Buffer.from("what is signed");
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };

describe("isSignature", () => {
  test.each<[string, Buffer, KeyObject, Buffer]>([
    ["P-256, SHA-256", ecdsa.sha256, p256.publicKey, sign("sha256", data, p256.privateKey)],
    ["P-256, SHA-384", ecdsa.sha384, p256.publicKey, sign("sha384", data, p256.privateKey)],
    ["P-384, SHA-384", ecdsa.sha384, p384.publicKey, sign("sha384", data, p384.privateKey)],
    ["RSA, PKCS#1, SHA-256", pkcs1("0b"), rsa.publicKey, sign("sha256", data, rsa.privateKey)],
    ["RSA, PKCS#1, SHA-384", pkcs1("0c"), rsa.publicKey, sign("sha384", data, rsa.privateKey)],
    ["RSA, PKCS#1, SHA-512", pkcs1("0d"), rsa.publicKey, sign("sha512", data, rsa.privateKey)],
    ["RSA, PSS, SHA-256", pssSha256, rsa.publicKey, sign("sha256", data, { key: rsa.privateKey, ...pss })],
  ])("%s: yes, and for nothing else", (_, algorithm, key, signature) => {
    expect(isSignature(data, signature, algorithm, key)).toBe(true);
    expect(isSignature(Buffer.concat([data, data]), signature, algorithm, key)).toBe(false);
    expect(isSignature(data, Buffer.concat([signature, Buffer.from([0])]), algorithm, key)).toBe(false);
    expect(isSignature(data, Buffer.alloc(0), algorithm, key)).toBe(false);
    const other = key === p256.publicKey ? p384.publicKey : p256.publicKey;
    expect(isSignature(data, signature, algorithm, other)).toBe(false);
  });

  test.each<[string, Buffer, KeyObject, Buffer]>([
    ["P-521", ecdsa.sha256, p521.publicKey, sign("sha256", data, p521.privateKey)],
    ["RSA-1024", pkcs1("0b"), weak.publicKey, sign("sha256", data, weak.privateKey)],
    ["SHA-1 with ECDSA", bytes("300906072a8648ce3d0401"), p256.publicKey, sign("sha1", data, p256.privateKey)],
    ["SHA-1 with RSA", pkcs1("05"), rsa.publicKey, sign("sha1", data, rsa.privateKey)],
    ["SHA-224 with RSA", pkcs1("0e"), rsa.publicKey, sign("sha224", data, rsa.privateKey)],
    ["MD5 with RSA", pkcs1("04"), rsa.publicKey, sign("md5", data, rsa.privateKey)],
    [
      "ECDSA with a NULL parameter",
      bytes("300c06082a8648ce3d0403020500"),
      p256.publicKey,
      sign("sha256", data, p256.privateKey),
    ],
    [
      "RSA without its NULL parameter",
      bytes("300b06092a864886f70d01010b"),
      rsa.publicKey,
      sign("sha256", data, rsa.privateKey),
    ],
    [
      "PSS with a salt of another length",
      pssSha256,
      rsa.publicKey,
      sign("sha256", data, { key: rsa.privateKey, ...pss, saltLength: 20 }),
    ],
    ["PKCS#1 under the name of PSS", pssSha256, rsa.publicKey, sign("sha256", data, rsa.privateKey)],
    ["PSS under the name of PKCS#1", pkcs1("0b"), rsa.publicKey, sign("sha256", data, { key: rsa.privateKey, ...pss })],
    ["an ECDSA algorithm for an RSA key", ecdsa.sha256, rsa.publicKey, sign("sha256", data, rsa.privateKey)],
    ["an RSA algorithm for an EC key", pkcs1("0b"), p256.publicKey, sign("sha256", data, p256.privateKey)],
    ["Ed25519", bytes("300506032b6570"), generateKeyPairSync("ed25519").publicKey, Buffer.alloc(64)],
    [
      "ECDSA as two numbers without DER",
      ecdsa.sha256,
      p256.publicKey,
      sign("sha256", data, { key: p256.privateKey, dsaEncoding: "ieee-p1363" }),
    ],
  ])("%s: no", (_, algorithm, key, signature) => {
    expect(isSignature(data, signature, algorithm, key)).toBe(false);
  });
});

describe("isSignedBy", () => {
  test("tells the key that signed from another", () => {
    const ca = mintCa();
    const leaf = mintLeaf(ca).certificate;
    expect(isSignedBy(leaf, ca.certificate.publicKey)).toBe(true);
    expect(isSignedBy(leaf, mintCa().certificate.publicKey)).toBe(false);
  });
});
