import { describe, test } from "vitest";
import { encodeName } from "../../src/x509/encode-name.js";
import { oids } from "../../src/x509/object-identifiers.js";
import { expectRefused } from "../helpers/attack.js";
import { type CaOverrides, type Minted, mintCa, mintLeaf } from "../helpers/mint.js";

/** AUTH-08: a leaf with CA:TRUE; the issuing CA and the root presented as peer. Node's TLS accepts the first. */
describe("AUTH-08: a CA authenticates nobody", () => {
  const trusted = mintCa();
  /** Everything a leaf has, on top of a CA. */
  const disguise: CaOverrides = {
    keyUsage: ["digitalSignature", "keyCertSign"],
    extendedKeyUsage: [oids.clientAuth, oids.serverAuth],
    names: [{ kind: "uri", value: "spiffe://local.test/cli" }],
  };
  const disguisedRoot = mintCa(disguise);

  const subject = encodeName({ commonName: "cli" });
  const isCa = "it is a CA certificate";

  test.each<[string, Minted, Minted, string, string]>([
    ["a leaf with CA:TRUE", mintLeaf(trusted, { subject, basicConstraints: { ca: true } }), trusted, isCa, "OK"],
    ["the root", trusted, trusted, isCa, "certificate purpose"],
    ["an issuing CA", mintCa({ parent: trusted, commonName: "CA" }), trusted, isCa, "certificate purpose"],
    [
      "an issuing CA that has all that a leaf has",
      mintCa({ ...disguise, parent: trusted, commonName: "CA" }),
      trusted,
      isCa,
      "OK",
    ],
    ["a root that has all that a leaf has", disguisedRoot, disguisedRoot, isCa, "OK"],
    [
      "a leaf with keyCertSign",
      mintLeaf(trusted, { subject, keyUsage: ["digitalSignature", "keyCertSign"] }),
      trusted,
      "its keyUsage has keyCertSign",
      "Key usage keyCertSign invalid for non-CA cert",
    ],
    [
      "a leaf with cRLSign",
      mintLeaf(trusted, { subject, keyUsage: ["digitalSignature", "cRLSign"] }),
      trusted,
      "its keyUsage has cRLSign",
      "OK",
    ],
  ])("%s is refused", (_, leaf, ca, fault, openssl) => {
    expectRefused({ chain: [leaf], trusted: ca, code: "ERR_LEAF_PROFILE", fault, openssl });
  });
});
