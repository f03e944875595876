import { describe, test } from "vitest";
import { expectRefused } from "../helpers/attack.js";
import { mintCa, mintLeaf } from "../helpers/mint.js";

/** AUTH-05: a leaf without extended key usage. RFC 5280 lets it do everything; Node's TLS accepts it. */
describe("AUTH-05: a leaf says what it is for", () => {
  const trusted = mintCa();
  const chain = [mintLeaf(trusted, { extendedKeyUsage: null })] as const;

  test.each(["client", "server"] as const)("without extended key usage it is refused as %s", (role) => {
    const fault = "it has no extendedKeyUsage";
    expectRefused({ chain, trusted, role, code: "ERR_LEAF_PROFILE", fault, openssl: "OK" });
  });
});
