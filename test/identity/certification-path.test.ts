import { describe, expect, test } from "vitest";
import { findPath } from "../../src/identity/certification-path.js";
import type { PeerRole } from "../../src/identity/leaf-profile.js";
import { encodeName } from "../../src/x509/encode-name.js";
import { oids } from "../../src/x509/object-identifiers.js";
import { type CaOverrides, inDays, type Minted, mintCa, mintLeaf } from "../helpers/mint.js";
import { hasOpenssl, opensslVerdict } from "../helpers/openssl.js";
import { bundleOf } from "../helpers/verify.js";

const now = new Date();
const root = mintCa({ commonName: "root" });
const search = (leaf: Minted, others: readonly Minted[], trusted: readonly Minted[] = [root], role?: PeerRole) => {
  const intermediates = others.map(({ certificate }) => certificate);
  return findPath(leaf.certificate, { bundle: bundleOf(...trusted), intermediates, now, role });
};
const pathOf = (leaf: Minted, others: readonly Minted[], trusted?: readonly Minted[]) => {
  const result = search(leaf, others, trusted);
  return result.ok ? result.path.map(({ der }) => der) : result.fault;
};
const ders = (...certificates: Minted[]) => certificates.map(({ der }) => der);

/** A chain of CAs, each below the one before, the first one below `parent`. */
function mintChain(count: number, parent: Minted): Minted[] {
  const chain: Minted[] = [];
  for (let i = 0; i < count; i++) chain.push(mintCa({ parent: chain.at(-1) ?? parent, commonName: `CA ${i}` }));
  return chain;
}

describe("findPath finds", () => {
  test("an authority that signed the leaf", () => {
    const leaf = mintLeaf(root);
    expect(pathOf(leaf, [])).toEqual(ders(leaf, root));
  });

  test("a way over intermediates in any order, past others that do not matter", () => {
    const [upper, lower] = mintChain(2, root) as [Minted, Minted];
    const leaf = mintLeaf(lower);
    const others = [mintCa({ parent: root, commonName: "other" }), upper, mintCa({ commonName: "CA 1" }), lower, root];
    expect(pathOf(leaf, others)).toEqual(ders(leaf, lower, upper, root));
  });

  test("eight intermediates, not nine", () => {
    const chain = mintChain(9, root);
    const [eighth, ninth] = [chain[7], chain[8]] as [Minted, Minted];
    expect(pathOf(mintLeaf(eighth), chain)).toHaveLength(10);
    expect(pathOf(mintLeaf(ninth), chain)).toBe("it is more than 8 intermediate CAs away from an authority");
  });

  test("the right one of two authorities with one name, whatever the key identifiers say", () => {
    const other = mintCa({ commonName: "root" });
    const liar = mintCa({ commonName: "root", subjectKeyId: root.keyId });
    const leaf = mintLeaf(root);
    expect(pathOf(leaf, [], [other, root])).toEqual(ders(leaf, root));
    expect(pathOf(leaf, [], [liar, root])).toEqual(ders(leaf, root));
    const wrongHint = mintLeaf(root, { authorityKeyId: other.keyId });
    expect(pathOf(wrongHint, [], [other, root])).toEqual(ders(wrongHint, root));
  });

  test("the way around a CA that may not be used", () => {
    const expired = mintCa({ parent: root, commonName: "CA", notBefore: inDays(-2), notAfter: inDays(-1) });
    const renewed = mintCa({ parent: root, commonName: "CA", key: expired.key });
    const leaf = mintLeaf(expired);
    expect(pathOf(leaf, [expired, renewed])).toEqual(ders(leaf, renewed, root));
  });

  test("the old root's way to a leaf of the new one, by its cross-certificate", () => {
    const next = mintCa({ commonName: "next root" });
    const cross = mintCa({ parent: root, commonName: "next root", key: next.key });
    const leaf = mintLeaf(next);
    expect(pathOf(leaf, [cross, next], [root])).toEqual(ders(leaf, cross, root));
    expect(pathOf(leaf, [cross, next], [next])).toEqual(ders(leaf, next));
  });

  test("an authority that is an intermediate CA itself", () => {
    const [issuer] = mintChain(1, root) as [Minted];
    const leaf = mintLeaf(issuer);
    expect(pathOf(leaf, [], [issuer])).toEqual(ders(leaf, issuer));
  });
});

describe("findPath respects path lengths", () => {
  const below = (parent: Minted, overrides: CaOverrides = {}) => mintCa({ parent, commonName: "lower", ...overrides });
  const limited = (pathLength: number) => mintCa({ commonName: "root", basicConstraints: { ca: true, pathLength } });

  test("0: no CA below, and the leaf does not count", () => {
    const ca = limited(0);
    const lower = below(ca);
    expect(search(mintLeaf(ca), [], [ca]).ok).toBe(true);
    expect(pathOf(mintLeaf(lower), [lower], [ca])).toBe(
      "its issuer (O=local.test, CN=root): its path length of 0 is exceeded, with 1 CAs between it and the leaf",
    );
  });

  test("a lower CA cannot give itself more", () => {
    const ca = limited(1);
    const lower = below(ca, { basicConstraints: { ca: true, pathLength: 5 } });
    const lowest = below(lower, { commonName: "lowest" });
    expect(search(mintLeaf(lower), [lower], [ca]).ok).toBe(true);
    expect(search(mintLeaf(lowest), [lower, lowest], [ca]).ok).toBe(false);
  });

  test("a self-issued CA does not count", () => {
    const ca = limited(0);
    const renewed = mintCa({ parent: ca, commonName: "root" });
    expect(search(mintLeaf(renewed), [renewed], [ca]).ok).toBe(true);
  });
});

describe("findPath refuses", () => {
  const issuerFault = (overrides: CaOverrides, role?: PeerRole) => {
    const ca = mintCa({ parent: root, commonName: "CA", ...overrides });
    const result = search(mintLeaf(ca), [ca], [root], role);
    return result.ok ? "nothing" : `${result.code} ${result.fault}`;
  };
  const named = "its issuer (O=local.test, CN=CA):";

  test.each<[string, CaOverrides, string]>([
    ["no basicConstraints", { basicConstraints: null }, "it is not a CA certificate (basicConstraints CA:TRUE)"],
    ["CA:FALSE", { basicConstraints: { ca: false } }, "it is not a CA certificate (basicConstraints CA:TRUE)"],
    ["no keyUsage", { keyUsage: null }, "its keyUsage lacks keyCertSign"],
    ["keyUsage without keyCertSign", { keyUsage: ["digitalSignature", "cRLSign"] }, "its keyUsage lacks keyCertSign"],
    ["serial number 0", { serialNumber: Buffer.alloc(1) }, "its serial number is zero"],
    [
      "an unknown critical extension",
      { extraExtensions: [{ oid: "1.2.3", critical: true, value: Buffer.alloc(0) }] },
      "it has the critical extension 1.2.3, which is unknown here",
    ],
    [
      "name constraints that exclude the leaf",
      { nameConstraints: { permitted: [{ kind: "uri", value: "other.test" }] } },
      'it does not permit the name uri "spiffe://local.test/cli"',
    ],
  ])("an intermediate with %s", (_, overrides, fault) => {
    expect(issuerFault(overrides)).toBe(`ERR_CHAIN_INVALID ${named} ${fault}`);
  });

  test("an intermediate outside of its validity", () => {
    const expired = { notBefore: inDays(-3), notAfter: inDays(-2) };
    const until = expired.notAfter.toISOString().replace(".000", "");
    expect(issuerFault(expired)).toBe(`ERR_CERTIFICATE_EXPIRED ${named} it expired at ${until}`);
    const early = { notBefore: inDays(2), notAfter: inDays(3) };
    const from = early.notBefore.toISOString().replace(".000", "");
    expect(issuerFault(early)).toBe(`ERR_CERTIFICATE_NOT_YET_VALID ${named} it is not valid before ${from}`);
  });

  test("an authority outside of its validity", () => {
    const expired = mintCa({ notBefore: inDays(-3), notAfter: inDays(-2) });
    expect(search(mintLeaf(expired), [], [expired])).toMatchObject({ code: "ERR_CERTIFICATE_EXPIRED" });
  });

  test.each<[string[], PeerRole | undefined, string]>([
    [[oids.clientAuth], "client", "nothing"],
    [[oids.clientAuth, oids.serverAuth], undefined, "nothing"],
    [[oids.clientAuth], "server", `ERR_CHAIN_INVALID ${named} its extendedKeyUsage lacks serverAuth`],
    [[oids.clientAuth], undefined, `ERR_CHAIN_INVALID ${named} its extendedKeyUsage lacks serverAuth`],
    [[oids.emailProtection], "client", `ERR_CHAIN_INVALID ${named} its extendedKeyUsage lacks clientAuth`],
    [[oids.anyExtendedKeyUsage], "client", `ERR_CHAIN_INVALID ${named} its extendedKeyUsage lacks clientAuth`],
  ])("an intermediate for purposes %j below a %s: %s", (extendedKeyUsage, role, outcome) => {
    expect(issuerFault({ extendedKeyUsage }, role)).toBe(outcome);
  });

  test("a leaf whose issuer nobody knows", () => {
    const stranger = mintCa({ commonName: "stranger" });
    expect(search(mintLeaf(stranger), [stranger])).toEqual({
      ok: false,
      code: "ERR_UNKNOWN_ISSUER",
      fault: "no authority of the trust bundle has signed it",
    });
  });

  test("a moment that is none", () => {
    const leaf = mintLeaf(root).certificate;
    const result = findPath(leaf, { bundle: bundleOf(root), now: new Date(Number.NaN) });
    expect(result).toMatchObject({ ok: false, code: "ERR_CERTIFICATE_EXPIRED" });
  });
});

describe("findPath gives up in bounded time on", () => {
  test("CAs that sign each other", () => {
    const a = mintCa({ commonName: "a" });
    const b = mintCa({ commonName: "b" });
    const aByB = mintCa({ parent: b, commonName: "a", key: a.key });
    const bByA = mintCa({ parent: a, commonName: "b", key: b.key });
    expect(pathOf(mintLeaf(a), [aByB, bByA])).toBe("no authority of the trust bundle has signed it");
  });

  test("hundreds of CAs with one name", () => {
    const parent = mintCa({ commonName: "many" });
    const many = Array.from({ length: 200 }, () => mintCa({ commonName: "many" }));
    const leaf = mintLeaf(parent, { authorityKeyId: null });
    expect(pathOf(leaf, many)).toBe("more than 32 signatures would have to be checked to find its path");
    // With the hint of the key identifier the right one is the first that is tried.
    const hinted = mintLeaf(parent);
    expect(pathOf(hinted, many, [...many, parent])).toEqual(ders(hinted, parent));
  });

  test("a lattice in which every CA has signed every other", () => {
    const levels = 6;
    const keys = Array.from({ length: levels }, (_, i) => mintCa({ commonName: `level ${i}` }));
    const lattice = keys.flatMap((upper, i) => {
      return keys
        .filter((_, j) => j !== i)
        .map((lower) => {
          return mintCa({ parent: upper, subject: lower.subject, key: lower.key });
        });
    });
    const [first] = keys as [Minted];
    expect(pathOf(mintLeaf(first), lattice)).toBe("more than 32 signatures would have to be checked to find its path");
  });

  test("thousands of names under thousands of constraints", () => {
    const permitted = Array.from({ length: 600 }, (_, i) => ({ kind: "dns", value: `c${i}.test` }) as const);
    const names = Array.from({ length: 600 }, (_, i) => ({ kind: "dns", value: `a.c${i}.test` }) as const);
    const ca = mintCa({ nameConstraints: { permitted } });
    expect(pathOf(mintLeaf(ca, { names }), [], [ca])).toBe(
      "its issuer (O=local.test, CN=pinwire test CA): there are more names and name constraints than are compared",
    );
  });

  test("names that only look like issuers", () => {
    const subject = encodeName({ commonName: "same" });
    const leaf = mintLeaf(mintCa({ subject }), { subject });
    expect(search(leaf, [leaf, leaf, leaf])).toMatchObject({ code: "ERR_UNKNOWN_ISSUER" });
  });
});

describe.skipIf(!hasOpenssl)("openssl verify -x509_strict agrees on", () => {
  const [upper, lower] = mintChain(2, root) as [Minted, Minted];
  const bad = mintCa({ parent: root, commonName: "CA", basicConstraints: { ca: false } });
  const limited = mintCa({ parent: root, commonName: "limited", basicConstraints: { ca: true, pathLength: 0 } });
  const belowLimited = mintCa({ parent: limited, commonName: "below" });
  const constrained = mintCa({
    parent: root,
    commonName: "constrained",
    nameConstraints: { permitted: [{ kind: "uri", value: "local.test" }] },
  });

  test.each<[string, Minted, Minted[]]>([
    ["a leaf of the root", mintLeaf(root), []],
    ["a leaf below two intermediates", mintLeaf(lower), [upper, lower]],
    ["a missing intermediate", mintLeaf(lower), [upper]],
    ["an intermediate that is no CA", mintLeaf(bad), [bad]],
    ["a path that is too long", mintLeaf(belowLimited), [limited, belowLimited]],
    ["a leaf within name constraints", mintLeaf(constrained), [constrained]],
    ["a leaf outside of name constraints", mintLeaf(constrained, { id: "spiffe://other.test/cli" }), [constrained]],
  ])("%s", (_, leaf, others) => {
    const chain = [leaf, ...others].map(({ pem }) => pem);
    const verdict = opensslVerdict({ trusted: root.pem, chain, role: "client", now });
    expect(search(leaf, others, [root], "client").ok).toBe(verdict === "OK");
  });
});
