import { describe, expect, test } from "vitest";
import { extendedKeyUsage } from "../../src/x509/build-extension.js";
import { oids } from "../../src/x509/object-identifiers.js";
import { expectRefused } from "../helpers/attack.js";
import { mintCa, mintLeaf } from "../helpers/mint.js";
import { optionsFor, verify } from "../helpers/verify.js";

const { anyExtendedKeyUsage, clientAuth, emailProtection, serverAuth } = oids;

/** AUTH-06: anyExtendedKeyUsage, serverAuth alone, emailProtection; the same for the server, and for CAs. */
describe("AUTH-06: a leaf is for the role that the peer plays", () => {
  const trusted = mintCa();

  test.each<["client" | "server", string[], string]>([
    ["client", [anyExtendedKeyUsage], "certificate purpose"],
    ["client", [serverAuth], "certificate purpose"],
    ["client", [emailProtection], "certificate purpose"],
    ["client", [serverAuth, anyExtendedKeyUsage], "certificate purpose"],
    ["server", [anyExtendedKeyUsage], "certificate purpose"],
    ["server", [clientAuth], "certificate purpose"],
    ["server", [emailProtection], "certificate purpose"],
  ])("as %s with %j it is refused", (role, purposes, openssl) => {
    const chain = [mintLeaf(trusted, { extendedKeyUsage: purposes })] as const;
    const fault = `its extendedKeyUsage lacks ${role}Auth`;
    expectRefused({ chain, trusted, role, code: "ERR_LEAF_PROFILE", fault, openssl });
  });

  test("with the one purpose of its role it is accepted", () => {
    const client = mintLeaf(trusted, { extendedKeyUsage: [clientAuth] });
    expect(verify([client], optionsFor(client, trusted, { role: "client" })).id.path).toBe("/cli");
    const server = mintLeaf(trusted, { extendedKeyUsage: [serverAuth] });
    expect(verify([server], optionsFor(server, trusted, { role: "server" })).id.path).toBe("/cli");
  });

  test("below a CA that is for something else it is refused", () => {
    const ca = mintCa({ parent: trusted, commonName: "mail", extraExtensions: [extendedKeyUsage([emailProtection])] });
    expectRefused({
      chain: [mintLeaf(ca), ca],
      trusted,
      code: "ERR_CHAIN_INVALID",
      fault: "its issuer (O=local.test, CN=mail): its extendedKeyUsage lacks clientAuth",
      openssl: "certificate purpose",
    });
  });
});
