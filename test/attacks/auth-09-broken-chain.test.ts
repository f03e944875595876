import { describe, expect, test } from "vitest";
import { expectRefused } from "../helpers/attack.js";
import { type CaOverrides, type Minted, mintCa, mintLeaf } from "../helpers/mint.js";
import { optionsFor, verify } from "../helpers/verify.js";

/** An extension that nobody knows, under an example arc (2.999). */
const unknown = (critical: boolean) => ({ oid: "2.999.1", critical, value: Buffer.from("0500", "hex") });

/** AUTH-09: path length, intermediates that are no CAs, unknown critical extensions. */
describe("AUTH-09: every certificate of the path is held to the rules", () => {
  const trusted = mintCa({ commonName: "root" });
  const below = (parent: Minted, overrides: CaOverrides = {}) => mintCa({ parent, commonName: "CA", ...overrides });
  const withIntermediate = (overrides: CaOverrides): [Minted, Minted] => {
    const ca = below(trusted, overrides);
    return [mintLeaf(ca), ca];
  };
  const issuer = "its issuer (O=local.test, CN=CA):";
  const refused = (chain: readonly [Minted, ...Minted[]], fault: string, openssl: string) => {
    expectRefused({ chain, trusted, code: "ERR_CHAIN_INVALID", fault, openssl });
  };

  test("a good intermediate is accepted, with an unknown extension that is not critical too", () => {
    for (const extraExtensions of [[], [unknown(false)]]) {
      const chain = withIntermediate({ extraExtensions });
      expect(verify(chain, optionsFor(chain[0], trusted)).path).toHaveLength(3);
      const leaf = mintLeaf(trusted, { extraExtensions });
      expect(verify([leaf], optionsFor(leaf, trusted)).path).toHaveLength(2);
    }
  });

  test("a path length that is exceeded", () => {
    const upper = below(trusted, { basicConstraints: { ca: true, pathLength: 0 } });
    const lower = mintCa({ parent: upper, commonName: "lower" });
    refused(
      [mintLeaf(lower), lower, upper],
      `${issuer} its path length of 0 is exceeded, with 1 CAs between it and the leaf`,
      "path length constraint exceeded",
    );
  });

  test("an intermediate without basicConstraints", () => {
    refused(
      withIntermediate({ basicConstraints: null }),
      `${issuer} it is not a CA certificate (basicConstraints CA:TRUE)`,
      "invalid CA certificate",
    );
  });

  test("an intermediate with CA:FALSE", () => {
    refused(
      withIntermediate({ basicConstraints: { ca: false } }),
      `${issuer} it is not a CA certificate (basicConstraints CA:TRUE)`,
      "invalid CA certificate",
    );
  });

  test("an intermediate without keyCertSign", () => {
    refused(
      withIntermediate({ keyUsage: ["digitalSignature", "cRLSign"] }),
      `${issuer} its keyUsage lacks keyCertSign`,
      "invalid CA certificate",
    );
  });

  test("an intermediate whose basicConstraints is not critical", () => {
    refused(
      withIntermediate({ basicConstraints: { ca: true, critical: false } }),
      `${issuer} its basicConstraints is not critical`,
      "Basic Constraints of CA cert not marked critical",
    );
  });

  test("a leaf that signs leaves", () => {
    const middle = mintLeaf(trusted, { subject: below(trusted).subject });
    refused(
      [mintLeaf(middle), middle],
      `${issuer} it is not a CA certificate (basicConstraints CA:TRUE)`,
      "invalid CA certificate",
    );
  });

  test("an unknown critical extension in an intermediate", () => {
    refused(
      withIntermediate({ extraExtensions: [unknown(true)] }),
      `${issuer} it has the critical extension 2.999.1, which is unknown here`,
      "unhandled critical extension",
    );
  });

  test("an unknown critical extension in the leaf", () => {
    expectRefused({
      chain: [mintLeaf(trusted, { extraExtensions: [unknown(true)] })],
      trusted,
      code: "ERR_LEAF_PROFILE",
      fault: "it has the critical extension 2.999.1, which is unknown here",
      openssl: "unhandled critical extension",
    });
  });

  test("a leaf outside of the name constraints of its CA", () => {
    const ca = below(trusted, { nameConstraints: { permitted: [{ kind: "uri", value: "team.test" }] } });
    refused(
      [mintLeaf(ca), ca],
      `${issuer} it does not permit the name uri "spiffe://local.test/cli"`,
      "permitted subtree violation",
    );
  });
});
