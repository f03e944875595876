import { describe, expect, test } from "vitest";
import { PeerError } from "../../src/errors.js";
import { PinSet } from "../../src/identity/pin-set.js";
import { RevocationSet } from "../../src/identity/revocation-set.js";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { TrustBundle } from "../../src/identity/trust-bundle.js";
import { TrustDomain } from "../../src/identity/trust-domain.js";
import { PeerIdentity, recheckPeer, type VerifyOptions, verifyPeer } from "../../src/identity/verify-peer.js";
import { oids } from "../../src/x509/object-identifiers.js";
import { inDays, type Minted, mintCa, mintLeaf } from "../helpers/mint.js";
import { thrown } from "../helpers/thrown.js";
import { bundleOf, cli, optionsFor, pinOf, refusal, verify } from "../helpers/verify.js";

const root = mintCa({ commonName: "root" });
const ca = mintCa({ parent: root, commonName: "CA", notAfter: inDays(0.5) });
const leaf = mintLeaf(ca);
const good = optionsFor(leaf, root);
const greeter = SpiffeId.parse("spiffe://local.test/greeter");

describe("verifyPeer", () => {
  test("returns who the peer is, as far as it was proven", () => {
    const peer = verify([leaf, ca], good);
    expect(peer.id.equals(cli)).toBe(true);
    expect(peer.pin.equals(pinOf(leaf))).toBe(true);
    expect(peer.leaf.der).toEqual(leaf.der);
    expect(peer.path.map(({ der }) => der)).toEqual([leaf.der, ca.der, root.der]);
    expect([`${peer}`, JSON.stringify(peer)]).toEqual([cli.toString(), `"${cli}"`]);
  });

  test("knows when the first certificate of the path expires, which need not be the leaf", () => {
    expect(verify([leaf, ca], good).notAfter).toBe(inDaysOf(ca));
  });

  test("takes the expected ID, and the next pin", () => {
    expect(verify([leaf, ca], { ...good, expected: cli }).id.equals(cli)).toBe(true);
    const pins = PinSet.of([[cli, { current: pinOf(root), next: pinOf(leaf) }]]);
    expect(verify([leaf, ca], { ...good, pins }).pin.equals(pinOf(leaf))).toBe(true);
  });

  test("takes Uint8Arrays, of which nothing is kept", () => {
    const chain = [new Uint8Array(leaf.der), new Uint8Array(ca.der)];
    const peer = verifyPeer(chain, good);
    for (const der of chain) der.fill(0);
    expect(peer.leaf.der).toEqual(leaf.der);
  });

  const changed = (changes: Partial<VerifyOptions>) => refusal([leaf, ca], { ...good, ...changes });

  test.each<[string, () => { code: string; fault: string }, string, string]>([
    ["no certificate", () => refusal([], good), "ERR_NO_CERTIFICATE", "the peer sent no certificate"],
    [
      "more certificates than anybody needs",
      () => refusal([leaf, ...Array<Minted>(16).fill(ca)], good),
      "ERR_CHAIN_INVALID",
      "more than 15 others came with it",
    ],
    [
      "an unknown issuer",
      () => changed({ bundle: bundleOf(mintCa({ commonName: "other" })) }),
      "ERR_UNKNOWN_ISSUER",
      "no authority of the trust bundle has signed it",
    ],
    [
      "an intermediate that is missing",
      () => refusal([leaf], good),
      "ERR_UNKNOWN_ISSUER",
      "no authority of the trust bundle has signed it",
    ],
    [
      "a path that is not allowed",
      () =>
        changed({
          bundle: bundleOf(
            mintCa({ commonName: "root", key: root.key, basicConstraints: { ca: true, pathLength: 0 } }),
          ),
        }),
      "ERR_CHAIN_INVALID",
      "its issuer (O=local.test, CN=root): its path length of 0 is exceeded, with 1 CAs between it and the leaf",
    ],
    [
      "a leaf for the other role",
      () => {
        const server = mintLeaf(root, { extendedKeyUsage: [oids.serverAuth] });
        return refusal([server], optionsFor(server, root));
      },
      "ERR_LEAF_PROFILE",
      "its extendedKeyUsage lacks clientAuth",
    ],
    [
      "another trust domain",
      () => changed({ bundle: TrustBundle.fromPem(TrustDomain.parse("other.test"), root.pem) }),
      "ERR_WRONG_TRUST_DOMAIN",
      "its trust domain is local.test, not other.test",
    ],
    [
      "another ID than expected",
      () => changed({ expected: greeter }),
      "ERR_UNEXPECTED_IDENTITY",
      "it names spiffe://local.test/cli, not spiffe://local.test/greeter",
    ],
    [
      "a revoked leaf",
      () => changed({ revoked: RevocationSet.of([leaf.certificate]) }),
      "ERR_REVOKED",
      "it was revoked",
    ],
    [
      "a revoked intermediate",
      () => changed({ revoked: RevocationSet.of([ca.certificate]) }),
      "ERR_REVOKED",
      "a CA on its path was revoked",
    ],
    [
      "a peer that is not pinned",
      () => changed({ pins: PinSet.of([[greeter, { current: pinOf(leaf) }]]) }),
      "ERR_NOT_PINNED",
      "spiffe://local.test/cli is not pinned",
    ],
    [
      "an empty pin set",
      () => changed({ pins: PinSet.of([]) }),
      "ERR_NOT_PINNED",
      "spiffe://local.test/cli is not pinned",
    ],
    [
      "another key than pinned",
      () => changed({ pins: PinSet.of([[cli, { current: pinOf(ca) }]]) }),
      "ERR_PIN_MISMATCH",
      `the pin of its key, ${pinOf(leaf)}, is not one pinned for spiffe://local.test/cli`,
    ],
  ])("refuses %s", (_, refused, code, fault) => {
    expect(refused()).toEqual({ code, fault });
  });

  test("refuses an expired and a future leaf", () => {
    const still = mintCa({ commonName: "root", notAfter: inDays(20) });
    const short = mintLeaf(still, { notAfter: inDays(1) });
    expect(refusal([short], optionsFor(short, still, { now: inDays(1.01) })).code).toBe("ERR_CERTIFICATE_EXPIRED");
    const future = mintLeaf(root, { notBefore: inDays(1), notAfter: inDays(2) });
    expect(refusal([future], optionsFor(future, root)).code).toBe("ERR_CERTIFICATE_NOT_YET_VALID");
  });

  test.each<[string, Buffer[], string]>([
    [
      "the leaf",
      [Buffer.from("hello"), ca.der],
      "certificate 1 of the peer's chain is malformed: certificate: tag 0x30 expected, found tag 0x68",
    ],
    [
      "an intermediate",
      [leaf.der, Buffer.alloc(0)],
      "certificate 2 of the peer's chain is malformed: certificate: tag 0x30 expected, found nothing",
    ],
  ])("names the certificate that is malformed: %s", (_, chain, message) => {
    const error = thrown(PeerError, () => verifyPeer(chain, good));
    expect([error.code, error.message]).toEqual(["ERR_CERTIFICATE_MALFORMED", message]);
  });

  test("tells what the peer claims, for the log, as far as it can be read", () => {
    const facts = (chain: Buffer[], options: VerifyOptions) =>
      thrown(PeerError, () => verifyPeer(chain, options)).facts;
    const all = { peerId: cli.toString(), pin: pinOf(leaf).toString() };
    expect(facts([leaf.der], good)).toEqual(all);
    expect(facts([leaf.der, Buffer.alloc(0)], good)).toEqual(all);
    expect(facts([leaf.der, ca.der], { ...good, expected: greeter })).toEqual(all);
    const nameless = mintLeaf(root, { names: null });
    expect(facts([nameless.der], good)).toEqual({ pin: pinOf(nameless).toString() });
    expect(facts([Buffer.alloc(0)], good)).toEqual({});
  });

  test("judges in a fixed order: trust first, then the leaf, then whether it is wanted", () => {
    const stranger = mintCa({ commonName: "stranger" });
    const everythingWrong = mintLeaf(stranger, {
      extendedKeyUsage: null,
      id: "spiffe://other.test/x",
      notAfter: inDays(-0.001),
    });
    const options = { ...good, expected: greeter, revoked: RevocationSet.of([everythingWrong.certificate]) };
    expect(refusal([everythingWrong], options).code).toBe("ERR_UNKNOWN_ISSUER");
    const trusted = { ...options, bundle: bundleOf(stranger) };
    expect(refusal([everythingWrong], trusted).code).toBe("ERR_CERTIFICATE_EXPIRED");
    const before = { ...trusted, now: inDays(-0.002) };
    expect(refusal([everythingWrong], before).code).toBe("ERR_LEAF_PROFILE");
  });
});

describe("PeerIdentity", () => {
  test("cannot be made or changed by anybody else", () => {
    const peer = verify([leaf, ca], good);
    const forge = () => Reflect.construct(PeerIdentity, [Symbol("verified"), peer]);
    expect(thrown(TypeError, forge).message).toBe("only verifyPeer makes a PeerIdentity");
    expect(Object.isFrozen(peer)).toBe(true);
    expect(Object.isFrozen(peer.path)).toBe(true);
    expect(() => Object.assign(peer, { id: greeter })).toThrow(TypeError);
    // What merely looks like one has no ID.
    expect(() => (Object.create(PeerIdentity.prototype) as PeerIdentity).id).toThrow(TypeError);
  });
});

describe("recheckPeer", () => {
  const peer = verify([leaf, ca], good);
  const code = (changes: Partial<VerifyOptions>) => {
    return thrown(PeerError, () => recheckPeer(peer, { ...good, ...changes })).code;
  };

  test("is content while nothing has changed", () => {
    expect(() => recheckPeer(peer, good)).not.toThrow();
    expect(() => recheckPeer(peer, { ...good, expected: cli })).not.toThrow();
  });

  test.each<[string, Partial<VerifyOptions>, string]>([
    ["the leaf or a CA above it has expired", { now: inDays(0.6) }, "ERR_CERTIFICATE_EXPIRED"],
    ["the clock went back before it was valid", { now: inDays(-1) }, "ERR_CERTIFICATE_NOT_YET_VALID"],
    ["the leaf was revoked", { revoked: RevocationSet.of([leaf.certificate]) }, "ERR_REVOKED"],
    ["its CA was revoked", { revoked: RevocationSet.of([ca.certificate]) }, "ERR_REVOKED"],
    ["its pin was withdrawn", { pins: PinSet.of([]) }, "ERR_NOT_PINNED"],
    ["its pin was replaced", { pins: PinSet.of([[cli, { current: pinOf(ca) }]]) }, "ERR_PIN_MISMATCH"],
    ["its authority was dropped", { bundle: bundleOf(mintCa({ commonName: "new root" })) }, "ERR_UNKNOWN_ISSUER"],
    ["another ID is expected", { expected: greeter }, "ERR_UNEXPECTED_IDENTITY"],
    [
      "the bundle is for another trust domain",
      { bundle: TrustBundle.fromPem(TrustDomain.parse("other.test"), root.pem) },
      "ERR_WRONG_TRUST_DOMAIN",
    ],
  ])("refuses when %s", (_, changes, expected) => {
    expect(code(changes)).toBe(expected);
  });

  test("finds another path when the authority was renewed with the same key", () => {
    const renewed = mintCa({ commonName: "root", key: root.key });
    expect(() => recheckPeer(peer, { ...good, bundle: bundleOf(renewed) })).not.toThrow();
    const stranger = mintCa({ commonName: "root" });
    expect(code({ bundle: bundleOf(stranger) })).toBe("ERR_UNKNOWN_ISSUER");
  });
});

function inDaysOf({ certificate }: Minted): number {
  return certificate.notAfter.getTime();
}
