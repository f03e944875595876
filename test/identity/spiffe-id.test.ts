import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { TrustDomain } from "../../src/identity/trust-domain.js";
import { thrown } from "../helpers/thrown.js";

const longestTrustDomain = "a".repeat(255);
const ofLength = (length: number) => `spiffe://local.test/${"a".repeat(length - 20)}`;

describe("SpiffeId.parse", () => {
  test.each([
    ["spiffe://local.test/greeter", "local.test", "/greeter"],
    ["spiffe://local.test", "local.test", ""],
    ["spiffe://local.test/a/B/9._-/...", "local.test", "/a/B/9._-/..."],
    ["spiffe://a_b-c.d/x", "a_b-c.d", "/x"],
    ["spiffe://127.0.0.1/x", "127.0.0.1", "/x"],
    [`spiffe://${longestTrustDomain}/x`, longestTrustDomain, "/x"],
    [ofLength(2048), "local.test", `/${"a".repeat(2028)}`],
  ])("takes %s", (text, trustDomain, path) => {
    const id = SpiffeId.parse(text);
    expect([id.trustDomain.name, id.path, id.toString(), JSON.stringify(id)]).toEqual([
      trustDomain,
      path,
      text,
      JSON.stringify(text),
    ]);
  });

  test.each([
    ["", "it does not start with spiffe://"],
    ["local.test/greeter", "it does not start with spiffe://"],
    ["https://local.test/greeter", "it does not start with spiffe://"],
    ["spiffe:/local.test/greeter", "it does not start with spiffe://"],
    [" spiffe://local.test/greeter", "it does not start with spiffe://"],
    ["SPIFFE://local.test/greeter", "its scheme is not in lower case"],
    ["Spiffe://local.test/greeter", "its scheme is not in lower case"],
    ["spiffe://", "its trust domain is empty"],
    ["spiffe:///greeter", "its trust domain is empty"],
    ["spiffe://Local.test/greeter", "its trust domain is not in lower case"],
    ["spiffe://user@local.test/greeter", "its trust domain has user information"],
    ["spiffe://user:secret@local.test/greeter", "its trust domain has user information"],
    ["spiffe://local.test:8080/greeter", "its trust domain has a port"],
    ["spiffe://local.test:/greeter", "its trust domain has a port"],
    ["spiffe://[::1]/greeter", "its trust domain has a port"],
    ["spiffe://local test/greeter", 'its trust domain contains " "'],
    ["spiffe://löcal.test/greeter", "its trust domain contains U+00F6"],
    ["spiffe://local.test\0/greeter", "its trust domain contains U+0000"],
    [`spiffe://${longestTrustDomain}a/x`, "its trust domain is longer than 255 bytes"],
    ["spiffe://local.test/greeter?x=1", "it has a query"],
    ["spiffe://local.test/greeter?", "it has a query"],
    ["spiffe://local.test/greeter#x", "it has a fragment"],
    ["spiffe://local.test/%67reeter", "it has percent-encoding"],
    ["spiffe://local%2etest/greeter", "it has percent-encoding"],
    ["spiffe://local.test/", "its path ends with a slash"],
    ["spiffe://local.test/greeter/", "its path ends with a slash"],
    ["spiffe://local.test//greeter", "its path has an empty segment"],
    ["spiffe://local.test/a//b", "its path has an empty segment"],
    ["spiffe://local.test/./greeter", "its path has a dot segment"],
    ["spiffe://local.test/a/..", "its path has a dot segment"],
    ["spiffe://local.test/a/../b", "its path has a dot segment"],
    ["spiffe://local.test/a:b", 'its path contains ":"'],
    ["spiffe://local.test/a@b", 'its path contains "@"'],
    ["spiffe://local.test/a\\b", 'its path contains "\\\\"'],
    ["spiffe://local.test/a b", 'its path contains " "'],
    ["spiffe://local.test/greeter\n", "its path contains U+000A"],
    ["spiffe://local.test/é", "its path contains U+00E9"],
    ["spiffe://local.test/\u{1f600}", "its path contains U+1F600"],
    [ofLength(2049), "it is longer than 2048 bytes"],
    [`spiffe://local.test/${"é".repeat(1020)}`, "it is longer than 2048 bytes"],
  ])("refuses %j: %s", (text, fault) => {
    const error = thrown(ConfigError, () => SpiffeId.parse(text));
    expect(error.code).toBe("ERR_INVALID_SPIFFE_ID");
    expect(error.problem).toMatch(/^"[\x20-\x7e]*…?" is not a SPIFFE ID: /);
    expect(error.problem).toContain(`is not a SPIFFE ID: ${fault}`);
    expect(error.hint).toBe("write it as spiffe://trust-domain/path, for example spiffe://local.test/greeter");
    expect(SpiffeId.tryParse(text)).toEqual({ fault });
  });

  test("refuses what JavaScript may pass in place of a string", () => {
    const error = thrown(ConfigError, () => SpiffeId.parse(undefined as unknown as string));
    expect(error.problem).toBe('"undefined" is not a SPIFFE ID: it is not a string');
  });

  test("a long text is cut in the message, and cannot forge a line in the log", () => {
    const error = thrown(ConfigError, () => SpiffeId.parse(`\n{"level":"info"}\u2028${"x".repeat(5_000)}`));
    expect(error.message.length).toBeLessThan(400);
    expect(error.message).toContain(String.raw`\n{\"level\":\"info\"}\u2028xxx`);
  });

  test("IDs are equal when all their characters are", () => {
    const id = SpiffeId.parse("spiffe://local.test/greeter");
    expect(id.equals(SpiffeId.parse("spiffe://local.test/greeter"))).toBe(true);
    expect(id.equals(SpiffeId.parse("spiffe://local.test/Greeter"))).toBe(false);
    expect(id.equals(SpiffeId.parse("spiffe://local.test"))).toBe(false);
    expect(id.equals(SpiffeId.parse("spiffe://other.test/greeter"))).toBe(false);
  });
});

describe("TrustDomain.parse", () => {
  test("takes a name", () => {
    const domain = TrustDomain.parse("local.test");
    expect([domain.name, `${domain}`, JSON.stringify(domain)]).toEqual(["local.test", "local.test", '"local.test"']);
    expect(domain.equals(TrustDomain.parse("local.test"))).toBe(true);
    expect(domain.equals(TrustDomain.parse("ocal.test"))).toBe(false);
  });

  test.each([
    ["", "it is empty"],
    ["Local.test", "it is not in lower case"],
    ["spiffe://local.test", "it has a port"],
    ["local.test/greeter", 'it contains "/"'],
    ["local.test.", undefined],
    [longestTrustDomain, undefined],
    [`${longestTrustDomain}a`, "it is longer than 255 bytes"],
    [7, "it is not a string"],
  ])("%j: %s", (text, fault) => {
    const parse = () => TrustDomain.parse(text as string);
    if (fault === undefined) {
      expect(parse().name).toBe(text);
      return;
    }
    const error = thrown(ConfigError, parse);
    expect(error.code).toBe("ERR_INVALID_SPIFFE_ID");
    expect(error.problem).toContain(`is not the name of a trust domain: ${fault}`);
  });
});
