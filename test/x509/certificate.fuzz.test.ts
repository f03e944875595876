import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PeerError } from "../../src/errors.js";
import { PinSet } from "../../src/identity/pin-set.js";
import { RevocationSet } from "../../src/identity/revocation-set.js";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { SpkiPin } from "../../src/identity/spki-pin.js";
import { TrustBundle } from "../../src/identity/trust-bundle.js";
import { TrustDomain } from "../../src/identity/trust-domain.js";
import { verifyPeer } from "../../src/identity/verify-peer.js";
import { type Certificate, parseCertificate } from "../../src/x509/certificate.js";
import { X509Error } from "../../src/x509/x509-error.js";
import { replaced, tlv, withChildren, withTbs } from "../helpers/der.js";
import { mintCa, mintLeaf } from "../helpers/mint.js";

/** In the name of the tests, so that a failure can be repeated: FUZZ_SEED=… npx vitest run test/x509. */
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);

const ca = mintCa({
  basicConstraints: { ca: true, pathLength: 1 },
  nameConstraints: {
    permitted: [{ kind: "uri", value: "local.test" }],
    excluded: [
      { kind: "ip", value: Buffer.alloc(8) },
      { kind: "email", value: "local.test" },
    ],
  },
});
const intermediate = mintCa({ parent: ca, commonName: "intermediate" });
const leaf = mintLeaf(intermediate, { dns: ["localhost"] });
const good = [leaf.der, intermediate.der, ca.der];

type Change = (der: Buffer) => Buffer;

const splice = (der: Buffer, at: number, remove: number, insert: Buffer) => {
  const offset = at % (der.length + 1);
  return Buffer.concat([der.subarray(0, offset), insert, der.subarray(offset + remove)]);
};
const position = fc.nat(1 << 16);
const octets = (maxLength: number) => fc.uint8Array({ minLength: 1, maxLength }).map((array) => Buffer.from(array));

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(position, fc.nat(255)).map(
    ([at, value]) =>
      (der: Buffer) =>
        splice(der, at, 1, Buffer.from([value])),
  ),
  fc.tuple(position, fc.nat(7)).map(([at, bit]) => (der: Buffer) => {
    const changed = Buffer.from(der);
    const offset = at % Math.max(1, der.length);
    changed[offset] = (changed[offset] ?? 0) ^ (1 << bit);
    return changed;
  }),
  fc.tuple(position, octets(8)).map(
    ([at, insert]) =>
      (der: Buffer) =>
        splice(der, at, 0, insert),
  ),
  fc.tuple(position, fc.nat(64)).map(
    ([at, remove]) =>
      (der: Buffer) =>
        splice(der, at, remove, Buffer.alloc(0)),
  ),
  fc.tuple(position, position).map(
    ([at, from]) =>
      (der: Buffer) =>
        splice(der, at, 0, der.subarray(from % der.length)),
  ),
  position.map((length) => (der: Buffer) => der.subarray(0, length % (der.length + 1))),
);

const mutated = fc
  .tuple(fc.constantFrom(...good), fc.array(change, { minLength: 1, maxLength: 4 }))
  .map(([der, changes]) => changes.reduce((current, apply) => (current.length === 0 ? current : apply(current)), der));

/** Values of all kinds in one another, as deep as fits: what a byte-wise change hardly ever gives. */
const { value: anyValue } = fc.letrec<{ value: Buffer }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.tuple(fc.nat(255), octets(6)).map(([tag, content]) => tlv(tag & ~0x20, content)),
    fc
      .tuple(fc.constantFrom(0x30, 0x31, 0xa0, 0xa1, 0xa3, 0x24), fc.array(tie("value"), { maxLength: 4 }))
      .map(([tag, children]) => tlv(tag, ...children)),
  ),
}));

/** A certificate with one field, or the content of one extension, replaced by such a value. */
const restructured = fc
  .tuple(fc.constantFrom(...good), fc.nat(7), fc.option(fc.nat(6)), anyValue)
  .map(([der, field, extension, value]) => {
    return withTbs(der, (fields) => {
      if (extension === null) return replaced(fields, field, value);
      return replaced(
        fields,
        7,
        withChildren(fields[7] ?? value, ([list = value]) => [withExtensionValue(list, extension, value)]),
      );
    });
  });

function withExtensionValue(list: Buffer, position: number, value: Buffer): Buffer {
  return withChildren(list, (extensions) => {
    return extensions.map((extension, i) => {
      if (i !== position % extensions.length) return extension;
      return withChildren(extension, (parts) => replaced(parts, parts.length - 1, tlv(0x04, value)));
    });
  });
}

/** Touches everything that is read late. */
function readAll(certificate: Certificate): void {
  void certificate.publicKey;
}

function readable(der: Buffer): Certificate | undefined {
  try {
    const certificate = parseCertificate(der);
    readAll(certificate);
    return certificate;
  } catch {
    return undefined;
  }
}

function onlyX509Error(der: Buffer): void {
  try {
    readAll(parseCertificate(der));
  } catch (error) {
    if (!(error instanceof X509Error)) throw error;
  }
}

describe(`fuzzing (FUZZ_SEED=${seed})`, () => {
  test("random bytes give an X509Error and nothing else", () => {
    fc.assert(fc.property(octets(400), onlyX509Error), { seed, numRuns: 5_000 });
  });

  test("changed certificates give a certificate or an X509Error and nothing else", () => {
    fc.assert(fc.property(mutated, onlyX509Error), { seed, numRuns: 10_000 });
  });

  test("certificates of any structure give a certificate or an X509Error and nothing else", () => {
    fc.assert(fc.property(restructured, onlyX509Error), { seed, numRuns: 5_000 });
  });

  test("what is read here, OpenSSL reads too, and sees the same in it", () => {
    fc.assert(
      fc.property(fc.oneof(mutated, restructured), (der) => {
        const ours = readable(der);
        if (ours === undefined) return;
        const openssl = new X509Certificate(der);
        expect(BigInt(`0x${ours.serialNumber.replace("-", "")}`)).toBe(
          BigInt(`0x${openssl.serialNumber.replace("-", "")}`),
        );
        expect(ours.notBefore).toEqual(new Date(openssl.validFrom));
        expect(ours.notAfter).toEqual(new Date(openssl.validTo));
        expect(openssl.raw).toEqual(ours.der);
      }),
      { seed, numRuns: 5_000 },
    );
  });

  const id = SpiffeId.parse("spiffe://local.test/cli");
  const options = {
    bundle: TrustBundle.fromPem(TrustDomain.parse("local.test"), ca.pem),
    pins: PinSet.of([[id, { current: SpkiPin.ofSpki(leaf.certificate.spki) }]]),
    revoked: RevocationSet.none,
    now: new Date(),
    role: "client",
  } as const;

  test("a changed leaf is never accepted", () => {
    expect(verifyPeer([leaf.der, intermediate.der], options).id.equals(id)).toBe(true);
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
        const der = changes.reduce((current, apply) => (current.length === 0 ? current : apply(current)), leaf.der);
        if (!der.equals(leaf.der)) expect(() => verifyPeer([der, intermediate.der], options)).toThrow(PeerError);
      }),
      { seed, numRuns: 5_000 },
    );
  });

  test("whatever comes along with a good leaf, the answer is a PeerIdentity or a PeerError", () => {
    const others = fc.array(fc.oneof(mutated, octets(100), fc.constantFrom(...good)), { maxLength: 20 });
    fc.assert(
      fc.property(others, (chain) => {
        try {
          expect(verifyPeer([leaf.der, ...chain], options).id.equals(id)).toBe(true);
        } catch (error) {
          if (!(error instanceof PeerError)) throw error;
        }
      }),
      { seed, numRuns: 2_000 },
    );
  });

  test("names are read or refused, whatever they are", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 100 }), (text) => {
        const parsed = SpiffeId.tryParse(text);
        if (parsed instanceof SpiffeId) expect(parsed.toString()).toBe(text);
        const prefixed = SpiffeId.tryParse(`spiffe://local.test/${text}`);
        if (prefixed instanceof SpiffeId) expect(prefixed.toString()).toBe(`spiffe://local.test/${text}`);
      }),
      { seed, numRuns: 5_000 },
    );
  });
});
