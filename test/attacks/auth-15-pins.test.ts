import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { PinSet } from "../../src/identity/pin-set.js";
import { SpkiPin } from "../../src/identity/spki-pin.js";
import { generateKeys } from "../../src/x509/keys.js";
import { expectRefused } from "../helpers/attack.js";
import { mintCa, mintLeaf } from "../helpers/mint.js";
import { hasOpenssl } from "../helpers/openssl.js";
import { thrown } from "../helpers/thrown.js";
import { cli, optionsFor, pinOf, verify } from "../helpers/verify.js";

/** AUTH-15: renewed with the same key: accepted; a new key that is not pinned: refused; no pins: nobody. */
describe("AUTH-15: a peer presents a key that is pinned for it", () => {
  const trusted = mintCa();
  const leaf = mintLeaf(trusted);
  const pinned = optionsFor(leaf, trusted);

  test("a leaf that was renewed with the same key is accepted", () => {
    const renewed = mintLeaf(trusted, { key: leaf.key });
    expect(renewed.certificate.serialNumber).not.toBe(leaf.certificate.serialNumber);
    expect(verify([renewed], pinned).id.equals(cli)).toBe(true);
  });

  test("a leaf with a new key is refused, though CA and name are right", () => {
    const rekeyed = mintLeaf(trusted);
    expectRefused({
      chain: [rekeyed],
      trusted,
      options: { pins: pinned.pins },
      code: "ERR_PIN_MISMATCH",
      fault: `the pin of its key, ${pinOf(rekeyed)}, is not one pinned for spiffe://local.test/cli`,
      openssl: "OK",
    });
  });

  test("a leaf with the key that was announced as next is accepted, and so is the current one", () => {
    const rekeyed = mintLeaf(trusted);
    const pins = pinned.pins.with(cli, { current: pinOf(leaf), next: pinOf(rekeyed) });
    for (const either of [leaf, rekeyed]) expect(verify([either], { ...pinned, pins }).id.equals(cli)).toBe(true);
  });

  test("the key of one peer does not open the door for another", () => {
    const admin = mintLeaf(trusted, { id: "spiffe://local.test/admin", key: leaf.key });
    expectRefused({
      chain: [admin],
      trusted,
      options: { pins: pinned.pins },
      code: "ERR_NOT_PINNED",
      fault: "spiffe://local.test/admin is not pinned",
      openssl: "OK",
    });
  });

  test("an empty pin set accepts nobody", () => {
    expectRefused({
      chain: [leaf],
      trusted,
      options: { pins: PinSet.parse('{"version":1,"peers":{}}') },
      code: "ERR_NOT_PINNED",
      fault: "spiffe://local.test/cli is not pinned",
      openssl: "OK",
    });
  });

  test.each([
    ["too short", `sha256/${Buffer.alloc(31).toString("base64")}`],
    ["too long", `sha256/${Buffer.alloc(33).toString("base64")}`],
    ["empty", ""],
    ["a wildcard", "*"],
    ["of another hash", `sha1/${Buffer.alloc(20).toString("base64")}`],
  ])("a pin that is %s is an error when the pins are read", (_, pin) => {
    const json = JSON.stringify({ version: 1, peers: { [`${cli}`]: { current: pin } } });
    expect(thrown(ConfigError, () => PinSet.parse(json)).code).toBe("ERR_INVALID_PIN");
  });

  test.each(["", "{", "{}", "null", '{"version":1}', '{"version":1,"peers":null}'])(
    "pins.json with %j is an error",
    (json) => {
      expect(thrown(ConfigError, () => PinSet.parse(json)).code).toBe("ERR_FILE_MALFORMED");
    },
  );

  test.skipIf(!hasOpenssl)("the pin is what openssl computes", () => {
    const { privateKey } = generateKeys();
    const minted = mintLeaf(trusted, { key: privateKey });
    const run = (args: string[], input: string | Buffer) => execFileSync("openssl", args, { input });
    const pem = run(["x509", "-noout", "-pubkey"], minted.pem);
    const der = run(["pkey", "-pubin", "-outform", "der"], pem);
    const digest = run(["dgst", "-sha256", "-binary"], der);
    expect(SpkiPin.ofSpki(minted.certificate.spki).toString()).toBe(`sha256/${digest.toString("base64")}`);
  });
});
