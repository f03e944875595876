import { describe, expect, test } from "vitest";
import { encodeName } from "../../src/x509/encode-name.js";
import { expectRefused } from "../helpers/attack.js";
import { type Minted, mintCa, mintLeaf } from "../helpers/mint.js";
import { optionsFor, verify } from "../helpers/verify.js";

/** AUTH-03: a self-signed leaf; a leaf from a CA with the same name but another key. */
describe("AUTH-03: only an authority of the bundle vouches for a peer", () => {
  const trusted = mintCa();
  const imitation = mintCa();
  const careful = mintCa({ subjectKeyId: trusted.keyId });
  const other = mintCa({ commonName: "other CA" });
  const unknown = "no authority of the trust bundle has signed it";
  const otherKey = `${unknown}; one has the name of its issuer, but another key (O=local.test, CN=pinwire test CA)`;

  test("a leaf of the CA is accepted, so that what follows is refused for its issuer alone", () => {
    const leaf = mintLeaf(trusted);
    expect(verify([leaf], optionsFor(leaf, trusted)).id.path).toBe("/cli");
  });

  test.each<[string, [Minted, ...Minted[]], string, string]>([
    [
      "a leaf that signed itself",
      [mintLeaf(undefined, { subject: encodeName({ commonName: "cli" }) })],
      unknown,
      "self-signed certificate",
    ],
    [
      "a leaf that signed itself in the name of the CA",
      [mintLeaf(undefined, { subject: trusted.subject })],
      otherKey,
      "self-signed certificate",
    ],
    ["a leaf of a CA with the same name", [mintLeaf(imitation)], otherKey, "unable to get local issuer certificate"],
    [
      "the same with that CA sent along",
      [mintLeaf(imitation), imitation],
      otherKey,
      "self-signed certificate in certificate chain",
    ],
    [
      "a leaf of a CA with the same name and key identifier",
      [mintLeaf(careful, { authorityKeyId: trusted.keyId })],
      otherKey,
      "certificate signature failure",
    ],
    [
      "a leaf of a CA with another name, sent along",
      [mintLeaf(other), other],
      unknown,
      "self-signed certificate in certificate chain",
    ],
    [
      "a leaf with a signature that is not one",
      [mintLeaf(trusted, { sign: () => Buffer.from("3006020101020101", "hex") })],
      otherKey,
      "certificate signature failure",
    ],
    [
      "a leaf without a signature",
      [mintLeaf(trusted, { sign: () => Buffer.alloc(0) })],
      otherKey,
      "certificate signature failure",
    ],
    [
      "a leaf signed by its own key in the name of the CA",
      [mintLeaf(trusted, { key: imitation.key, signWith: imitation.key })],
      otherKey,
      "certificate signature failure",
    ],
  ])("%s is refused", (_, chain, fault, openssl) => {
    expectRefused({ chain, trusted, code: "ERR_UNKNOWN_ISSUER", fault, openssl });
  });
});
