import { expect, test } from "vitest";
import { isHostName } from "../../src/identity/host-name.js";

test.each([
  "localhost",
  "a.example.com",
  "A.Example.COM",
  "1a.b2",
  "xn--n3h.com",
  "*.example.com",
  "a-b.c",
  `${"a".repeat(63)}.b`,
])("%s is a host name", (name) => {
  expect(isHostName(name)).toBe(true);
});

test.each([
  "",
  ".",
  "a.",
  ".a",
  "a..b",
  "-a.b",
  "a-.b",
  "a_b.c",
  "a b",
  "ä.b",
  "127.0.0.1",
  "::1",
  "a.1",
  "*",
  "*.com",
  "a.*.b",
  "b*.example.com",
  "*.*.example.com",
  `${"a".repeat(64)}.b`,
  `${"a.".repeat(127)}aa`,
])("%j is none", (name) => {
  expect(isHostName(name)).toBe(false);
});
