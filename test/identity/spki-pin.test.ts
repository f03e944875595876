import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { SpkiPin } from "../../src/identity/spki-pin.js";
import { mintCa, mintLeaf } from "../helpers/mint.js";
import { thrown } from "../helpers/thrown.js";

const spki = Buffer.from("any bytes");
const text = `sha256/${createHash("sha256").update(spki).digest("base64")}`;

describe("SpkiPin", () => {
  test("is the SHA-256 of the key, in base64", () => {
    expect(SpkiPin.ofSpki(spki).toString()).toBe(text);
    expect(SpkiPin.parse(text).toString()).toBe(text);
    expect(JSON.stringify(SpkiPin.parse(text))).toBe(JSON.stringify(text));
    expect(SpkiPin.parse(text).short).toBe(`${text.slice(0, 15)}…`);
  });

  test("stays the same when a certificate is renewed with the same key", () => {
    const ca = mintCa();
    const first = mintLeaf(ca);
    const renewed = mintLeaf(ca, { key: first.key });
    const pin = SpkiPin.ofSpki(first.certificate.spki);
    expect(pin.equals(SpkiPin.ofSpki(renewed.certificate.spki))).toBe(true);
    expect(pin.equals(SpkiPin.ofSpki(mintLeaf(ca).certificate.spki))).toBe(false);
  });

  test.each([
    ["nothing", ""],
    ["another hash", text.replace("sha256", "sha512")],
    ["another case", text.replace("sha256", "SHA256")],
    ["no prefix", text.slice(7)],
    ["a colon", text.replace("/", ":")],
    ["a hash that is too short", `sha256/${Buffer.alloc(31).toString("base64")}`],
    ["a hash that is too long", `sha256/${Buffer.alloc(33).toString("base64")}`],
    ["no padding", text.slice(0, -1)],
    ["bits after the hash", `sha256/${"A".repeat(42)}B=`],
    ["base64 for URLs", `sha256/${"-".repeat(43)}=`],
    ["a space", `${text} `],
    ["a line end", `${text}\n`],
    ["hex", `sha256/${"ab".repeat(32)}`],
    ["no string", undefined],
  ])("refuses %s", (_, wrong) => {
    const error = thrown(ConfigError, () => SpkiPin.parse(wrong as string));
    expect(error.code).toBe("ERR_INVALID_PIN");
    expect(error.problem).toMatch(/ is not a pin$/);
    expect(error.hint).toBe(
      "write it as sha256/ and 44 characters of base64; certs-tool inspect FILE prints the pin of a certificate",
    );
  });
});
