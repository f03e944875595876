import { describe, expect, test } from "vitest";
import { nameConstraintsFault } from "../../src/identity/name-constraints.js";
import type { NameTemplate } from "../../src/x509/build-extension.js";
import type { Certificate } from "../../src/x509/certificate.js";
import { encodeName } from "../../src/x509/encode-name.js";
import type { GeneralName } from "../../src/x509/general-name.js";
import { tlv } from "../helpers/der.js";
import { type LeafOverrides, mintCa, mintLeaf } from "../helpers/mint.js";

const ca = mintCa();
const uri = (value: string) => ({ kind: "uri", value }) as const;
const dns = (value: string) => ({ kind: "dns", value }) as const;
const email = (value: string) => ({ kind: "email", value }) as const;
const ip = (hex: string) => ({ kind: "ip", value: Buffer.from(hex, "hex") }) as const;
const dn = (organization: string, commonName?: string) => {
  return { kind: "dn", value: encodeName({ organization, ...(commonName && { commonName }) }) } as const;
};
const other = (tag: number) => ({ kind: "other", tag, value: Buffer.alloc(0) }) as const;

const nameOf = (oid: string, value: Buffer) => {
  return tlv(0x30, tlv(0x31, tlv(0x30, tlv(0x06, Buffer.from(oid, "hex")), value)));
};

const leafWith = (names: readonly NameTemplate[], overrides: LeafOverrides = {}) => {
  return mintLeaf(ca, { names, ...overrides }).certificate;
};
const faultOf = (
  constraints: { permitted?: readonly GeneralName[]; excluded?: readonly GeneralName[] },
  ...below: Certificate[]
) => nameConstraintsFault({ permitted: [], excluded: [], ...constraints }, below, { comparisonsLeft: 1_000 });

describe("a name inside and outside of a subtree", () => {
  test.each<[GeneralName, NameTemplate[], NameTemplate[]]>([
    // RFC 5280, section 4.2.1.10: a URI constraint is one host, with a dot before it the hosts below.
    [
      uri("local.test"),
      [uri("spiffe://local.test/cli"), uri("spiffe://local.test"), uri("https://u:p@LOCAL.test:443/x?y#z")],
      [uri("spiffe://a.local.test/cli"), uri("spiffe://xlocal.test/cli"), uri("spiffe://local.test.evil/cli")],
    ],
    [uri(".local.test"), [uri("spiffe://a.local.test/cli")], [uri("spiffe://local.test/cli")]],
    [uri("local_test"), [uri("spiffe://local_test/cli")], [uri("spiffe://local-test/cli")]],
    [uri(""), [uri("spiffe://local.test/cli")], []],
    // A DNS constraint is a host and those below.
    [dns("local.test"), [dns("local.test"), dns("a.b.LOCAL.test")], [dns("xlocal.test"), dns("test")]],
    [dns(""), [dns("local.test")], []],
    // An e-mail constraint is a mailbox, a host, or with a dot before it the hosts below.
    [email("a@local.test"), [email("a@LOCAL.test")], [email("A@local.test"), email("b@local.test")]],
    [email("local.test"), [email("a@local.test")], [email("a@b.local.test")]],
    [email(".local.test"), [email("a@b.local.test")], [email("a@local.test")]],
    // An IP constraint is an address and a mask.
    [ip("7f000000ff000000"), [ip("7f000001")], [ip("80000001"), ip(`${"00".repeat(12)}7f000001`)]],
    [ip(`${"00".repeat(15)}01${"ff".repeat(16)}`), [ip(`${"00".repeat(15)}01`)], [ip(`${"00".repeat(15)}02`)]],
    [ip("0000000000000000"), [ip("01020304")], [ip("00".repeat(16))]],
  ])("%j", (base, inside, outside) => {
    for (const name of inside) {
      expect(faultOf({ permitted: [base] }, leafWith([name]))).toBeUndefined();
      expect(faultOf({ excluded: [base] }, leafWith([name]))).toMatch(/^it excludes the name /);
    }
    for (const name of outside) {
      expect(faultOf({ permitted: [base] }, leafWith([name]))).toMatch(/^it does not permit the name /);
      expect(faultOf({ excluded: [base] }, leafWith([name]))).toBeUndefined();
    }
  });

  test("the subject is a directory name", () => {
    const named = leafWith([uri("spiffe://local.test/cli")], {
      subject: encodeName({ organization: "Local  Test", commonName: "cli" }),
    });
    expect(faultOf({ permitted: [dn("local test")] }, named)).toBeUndefined();
    expect(faultOf({ excluded: [dn("LOCAL TEST", "CLI")] }, named)).toBe(
      'it excludes the name dn "O=Local  Test, CN=cli"',
    );
    expect(faultOf({ permitted: [dn("local test", "other")] }, named)).toMatch(/^it does not permit/);
    expect(faultOf({ excluded: [dn("local")] }, named)).toBeUndefined();
    const nameless = leafWith([uri("spiffe://local.test/cli")]);
    expect(faultOf({ permitted: [dn("local test")] }, nameless)).toBeUndefined();
  });
});

describe("name constraints", () => {
  const leaf = leafWith([uri("spiffe://local.test/cli"), dns("localhost")]);

  test("are only about names of their kind", () => {
    expect(faultOf({ permitted: [email("local.test")], excluded: [ip("0000000000000000")] }, leaf)).toBeUndefined();
  });

  test("permit what any of them permits, exclude what any of them excludes", () => {
    expect(faultOf({ permitted: [uri("other.test"), uri("local.test")] }, leaf)).toBeUndefined();
    expect(faultOf({ excluded: [uri("other.test"), uri("local.test")] }, leaf)).toMatch(/^it excludes/);
    expect(faultOf({ permitted: [uri("local.test")], excluded: [uri("local.test")] }, leaf)).toMatch(/^it excludes/);
  });

  test("hold for every name", () => {
    expect(faultOf({ permitted: [uri("local.test"), dns("local.test")] }, leaf)).toBe(
      'it does not permit the name dns "localhost"',
    );
  });

  test("a wildcard is all hosts that it stands for", () => {
    const wildcard = leafWith([dns("*.local.test")]);
    expect(faultOf({ permitted: [dns("local.test")] }, wildcard)).toBeUndefined();
    expect(faultOf({ permitted: [dns("a.local.test")] }, wildcard)).toMatch(/^it does not permit/);
    expect(faultOf({ excluded: [dns("a.local.test")] }, wildcard)).toMatch(/^it excludes/);
    expect(faultOf({ excluded: [dns("local.test")] }, wildcard)).toMatch(/^it excludes/);
    expect(faultOf({ excluded: [dns("other.test")] }, wildcard)).toBeUndefined();
  });

  test.each<[string, GeneralName]>([
    ["a wildcard", dns("*.local.test")],
    ["a dot at the start of a DNS name", dns(".local.test")],
    ["a URI with a scheme", uri("spiffe://local.test")],
    ["an IP address as URI host", uri("127.0.0.1")],
    ["a port", uri("local.test:80")],
    ["two dots", uri("..test")],
    ["two at signs", email("a@b@local.test")],
    ["a mask with holes", ip("7f000000ff00ff00")],
  ])("refuse everything when one of them has no meaning: %s", (_, base) => {
    expect(faultOf({ excluded: [base] }, leaf)).toMatch(/^its name constraint .* has no meaning$/);
    expect(faultOf({ permitted: [base] }, leaf)).toMatch(/^its name constraint .* has no meaning$/);
  });

  test.each<[string, GeneralName, NameTemplate]>([
    ["a URI without a host", uri("local.test"), uri("urn:local.test")],
    ["a URI with an IP address", uri("local.test"), uri("spiffe://127.0.0.1/cli")],
    ["a URI with an IPv6 address", uri("local.test"), uri("spiffe://[::1]/cli")],
    ["a DNS name that is none", dns("local.test"), dns("a_b.local.test")],
    ["an e-mail address that is none", email("local.test"), email("a@b@local.test")],
    ["a quoted e-mail address", email("local.test"), email('"a@b"@local.test')],
  ])("refuse what cannot be held against them: %s", (_, base, name) => {
    for (const constraints of [{ permitted: [base] }, { excluded: [base] }]) {
      expect(faultOf(constraints, leafWith([name]))).toMatch(
        /^the name .* cannot be held against its name constraints$/,
      );
    }
    expect(faultOf({ excluded: [dn("x")] }, leafWith([name]))).toBeUndefined();
  });

  test("refuse names of a kind that is not understood, and only of that kind", () => {
    const withOther = { ...leaf, subjectAltNames: [other(0xa0)] };
    expect(faultOf({ excluded: [other(0xa0)] }, withOther)).toMatch(/^the name other, tag 0xa0 .* cannot be held/);
    expect(faultOf({ excluded: [other(0xa3)] }, withOther)).toBeUndefined();
    expect(faultOf({ permitted: [other(0xa0)] }, leaf)).toBeUndefined();
  });

  test("hold for e-mail addresses in the subject", () => {
    const subject = nameOf("2a864886f70d010901", tlv(0x16, Buffer.from("evil@other.test")));
    expect(faultOf({ permitted: [email("local.test")] }, { ...leaf, subject })).toBe(
      'it does not permit the name email "evil@other.test"',
    );
  });

  test("hold for the CAs in between, unless they are self-issued", () => {
    const outside = { ...mintCa().certificate, issuer: ca.subject, subjectAltNames: [uri("spiffe://other.test")] };
    const constraints = { permitted: [uri("local.test")] };
    expect(faultOf(constraints, leaf, outside)).toBeUndefined();
    expect(faultOf(constraints, leaf, { ...outside, issuer: encodeName({ commonName: "root" }) })).toMatch(
      /^it does not permit/,
    );
    // The leaf has no such exemption.
    expect(faultOf(constraints, outside)).toMatch(/^it does not permit/);
  });

  test("stop when there is too much to compare", () => {
    const budget = { comparisonsLeft: 5 };
    const constraints = { permitted: [uri("local.test")], excluded: [dns("a"), dns("b")] };
    expect(nameConstraintsFault(constraints, [leaf], budget)).toBe(
      "there are more names and name constraints than are compared",
    );
    expect(nameConstraintsFault(constraints, [leaf], { comparisonsLeft: 6 })).toBeUndefined();
  });
});
