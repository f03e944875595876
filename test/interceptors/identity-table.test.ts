import { describe, expect, it } from "vitest";
import { IdentityTable } from "../../src/interceptors/identity-table.js";

interface Entry {
  busy: boolean;
}

function table(maxIdentities: number) {
  return new IdentityTable<Entry>({ make: () => ({ busy: true }), isAtRest: ({ busy }) => !busy, maxIdentities });
}

describe("what is kept for each identity", () => {
  it("is the same on every call", () => {
    const identities = table(2);
    expect(identities.of("a")).toBe(identities.of("a"));
    expect(identities.of("a")).not.toBe(identities.of("b"));
  });

  it("is not forgotten for another as long as it matters: whoever is new shares one entry", () => {
    const identities = table(2);
    const [a, b] = [identities.of("a"), identities.of("b")];
    const shared = identities.of("c");
    expect(identities.of("d")).toBe(shared);
    expect([identities.of("a"), identities.of("b")]).toEqual([a, b]);
    expect(identities.of("a")).toBe(a);
    expect(identities.size).toBe(2);
  });

  it("is forgotten when it is as good as new", () => {
    const identities = table(2);
    identities.of("a");
    identities.of("b").busy = false;
    const c = identities.of("c");
    expect(identities.of("c")).toBe(c);
    expect(identities.size).toBe(2);
  });

  it("stays bounded for 100,000 names", () => {
    const identities = table(100);
    for (let i = 0; i < 100_000; i++) identities.of(`spiffe://local.test/${i}`).busy = i % 3 === 0;
    expect(identities.size).toBe(100);
  });
});
