// The engine, asked in many ways, against somebody who reads the rules one after the other.
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { parsePolicyDocument } from "../../src/interceptors/policy-document.js";
import { Policy } from "../../src/interceptors/policy-engine.js";
import type { RoleGuard, RuleParts } from "../../src/interceptors/policy-rule.js";
import { Metadata } from "../../src/rpc/metadata.js";

const seed = Number(process.env.PINWIRE_SEED ?? Date.now());

interface JsonRule {
  readonly name: string;
  readonly source?: { readonly principals: readonly string[] };
  readonly request?: {
    readonly paths?: readonly string[];
    readonly headers?: readonly { readonly key: string; readonly values: readonly string[] }[];
  };
}

interface JsonPolicy {
  readonly name: string;
  readonly allow_rules: readonly JsonRule[];
  readonly deny_rules: readonly JsonRule[];
  readonly shadow_allow_rules: readonly JsonRule[];
  readonly shadow_deny_rules: readonly JsonRule[];
}

type Headers = Readonly<Record<string, readonly string[]>>;

// Few names that are much alike, so that rules and calls meet.
const ids = [
  "spiffe://a.test/x",
  "spiffe://a.test/xy",
  "spiffe://a.test/t/x",
  "spiffe://a.test/t/y",
  "spiffe://a.tes/x",
];
const paths = ["/foo.A/M", "/foo.A/MN", "/foo.AB/M", "/foo.a/M", "/foo/M", "/bar.foo.A/M", "/bar.foo.A/N"];
const values = ["", "v", "vw", "w", "v,w", "prod"];

const principalPatterns = [
  ...ids,
  "*",
  "spiffe://a.test/*",
  "spiffe://a.test/x*",
  "spiffe://a.test/t/*",
  "*/x",
  "*y",
  "spiffe://*",
];
const pathPatterns = [...paths, "*", "/foo.A/*", "/foo.A*", "/foo*", "/*", "*/M", "*.A/M", "*N", "/foo.A/M*"];
const valuePatterns = [...values, "*", "v*", "*w", "pr*"];

const some = (from: readonly string[], max: number) =>
  fc.uniqueArray(fc.constantFrom(...from), { minLength: 1, maxLength: max });
const header = fc.record({ key: fc.constantFrom("x-a", "x-b", "X-A", "x-c", "x-d"), values: some(valuePatterns, 2) });
const rule = fc.record(
  {
    source: fc.record({ principals: some(principalPatterns, 3) }),
    request: fc.record(
      { paths: some(pathPatterns, 3), headers: fc.array(header, { minLength: 1, maxLength: 2 }) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);
const rules = (max: number) =>
  fc
    .array(rule, { maxLength: max })
    .map((parts) => parts.map((part, index) => ({ ...part, name: `r${index}` }) as JsonRule));
const policies = fc.record({
  name: fc.constant("p"),
  allow_rules: rules(12),
  deny_rules: rules(3),
  shadow_allow_rules: rules(2),
  shadow_deny_rules: rules(2),
});
const guards = fc.dictionary(fc.constantFrom("/foo.A/M", "/foo.AB/M"), fc.uniqueArray(fc.constantFrom(...ids)), {
  noNullPrototype: true,
});
const headersOfCall = fc.dictionary(
  fc.constantFrom("x-a", "x-b"),
  fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }),
  { noNullPrototype: true },
);
const call = fc.record({
  id: fc.constantFrom(...ids),
  path: fc.constantFrom(...paths, "foo.A/M", "/foo.A/M/", "//foo.A/M"),
  headers: headersOfCall,
});

describe("the engine", () => {
  it(`decides as one who reads the rules one by one (PINWIRE_SEED=${seed})`, () => {
    const property = fc.property(
      policies,
      guards,
      fc.array(call, { minLength: 1, maxLength: 30 }),
      (json, held, calls) => {
        const policy = new Policy(rulesOf(json), guardsOf(held));
        for (const { id, path, headers } of calls) {
          const verdict = policy.decide({ peer: SpiffeId.parse(id), path }, { requestMetadata: metadataOf(headers) });
          const expected = naive(json, held, id, path, headers);
          expect({ allowed: verdict.allowed, shadow: verdict.shadow?.effect }).toEqual(expected);
          if (verdict.rule?.source === "file")
            expect(namedRuleMatches(json, verdict.rule, id, path, headers)).toBe(true);
          // The second time from memory.
          expect(policy.judge(id, path, { requestMetadata: metadataOf(headers) })).toEqual(verdict);
        }
      },
    );
    fc.assert(property, { seed, numRuns: 1_500 });
  });

  it(`finds a rule by its header among many (PINWIRE_SEED=${seed})`, () => {
    // More than are read one by one.
    const many = fc.array(fc.array(header, { minLength: 1, maxLength: 3 }), { minLength: 9, maxLength: 40 });
    fc.assert(
      fc.property(many, fc.array(headersOfCall, { minLength: 1, maxLength: 10 }), (conditions, calls) => {
        const allow_rules = conditions.map((headers, index) => ({ name: `r${index}`, request: { headers } }));
        const json = { name: "p", allow_rules, deny_rules: [], shadow_allow_rules: [], shadow_deny_rules: [] };
        const policy = new Policy(rulesOf(json));
        for (const headers of calls) {
          const verdict = policy.judge("spiffe://a.test/x", "/foo.A/M", { requestMetadata: metadataOf(headers) });
          const first = allow_rules.find((each) => matches(each, "spiffe://a.test/x", "/foo.A/M", headers));
          expect(verdict.rule?.name).toBe(first?.name);
        }
      }),
      { seed, numRuns: 500 },
    );
  });

  it("names the first of several rules", () => {
    const allow_rules = ["a", "b", "c"].map((name) => ({ name, source: { principals: ["*"] } }));
    const policy = new Policy(
      rulesOf({ name: "p", allow_rules, deny_rules: [], shadow_allow_rules: [], shadow_deny_rules: [] }),
    );
    expect(policy.decide({ peer: SpiffeId.parse("spiffe://a.test/x"), path: "/a.B/C" }).rule).toEqual({
      source: "file",
      effect: "allow",
      name: "a",
      place: "allow_rules[0]",
    });
  });

  it("asks as few hash tables with 10,000 rules as with 100", () => {
    const [few, many] = [100, 10_000].map((count) => {
      const allow_rules = Array.from({ length: count }, (_, i) => ruleOfKind(i));
      const json = { name: "p", allow_rules, deny_rules: [], shadow_allow_rules: [], shadow_deny_rules: [] };
      const policy = new Policy(rulesOf(json));
      const ask = () => policy.judge("spiffe://a.test/t/x00001", "/foo.A00001/M", { requestMetadata: new Metadata() });
      return { first: lookUpsOf(ask), again: lookUpsOf(ask) };
    });
    expect(many).toEqual(few);
    expect(many?.again).toBe(2);
  });

  it("holds a bounded number of names that a peer invents, and keeps those that are in use", () => {
    const policy = new Policy(
      rulesOf({
        name: "p",
        allow_rules: [{ name: "a" }],
        deny_rules: [],
        shadow_allow_rules: [],
        shadow_deny_rules: [],
      }),
    );
    const none = { requestMetadata: new Metadata() };
    const used = policy.judge("spiffe://a.test/x", "/a.B/C", none);
    for (let i = 0; i < 100_000; i++) {
      policy.judge("spiffe://a.test/flood", `/a.B/Invented${i}`, none);
      // The same object: it was not decided anew.
      if (i % 1_000 === 0) expect(policy.judge("spiffe://a.test/x", "/a.B/C", none)).toBe(used);
    }
    expect(policy.remembered).toBeLessThanOrEqual(2 * 4_096);
    const before = policy.remembered;
    for (let i = 0; i < 1_000; i++) {
      policy.judge("spiffe://a.test/flood", `/a.B/${"x".repeat(600)}${i}`, none);
      policy.judge("spiffe://a.test/flood", `no path ${i}`, none);
    }
    expect(policy.remembered).toBe(before);
  });
});

/** Names of the same length at every size, so that only the number of rules differs. */
function ruleOfKind(i: number): JsonRule {
  const n = String(i).padStart(5, "0");
  const principal = [`spiffe://a.test/t/x${n}`, `spiffe://a.test/g${n}/*`, `*/m${n}`][i % 3] ?? "";
  const path = [`/foo.A${n}/M`, `/foo.B${n}/*`, `*/M${n}`, "*"][i % 4] ?? "";
  return { name: `r${i}`, source: { principals: [principal] }, request: { paths: [path] } };
}

function lookUpsOf(action: () => void): number {
  const spy = vi.spyOn(Map.prototype, "get");
  try {
    action();
    return spy.mock.calls.length;
  } finally {
    spy.mockRestore();
  }
}

function rulesOf(json: JsonPolicy): readonly RuleParts[] {
  return parsePolicyDocument(JSON.stringify(json), "policy.json").rules;
}

function guardsOf(held: Readonly<Record<string, readonly string[]>>): Map<string, RoleGuard> {
  return new Map(
    Object.entries(held).map(([path, holders]) => [
      path,
      { method: path.slice(1), roles: ["admin"], holders: new Map(holders.map((id) => [id, "admin"])) },
    ]),
  );
}

function metadataOf(headers: Headers): Metadata {
  const metadata = new Metadata();
  for (const [key, all] of Object.entries(headers)) for (const value of all) metadata.append(key, value);
  return metadata;
}

/** Written from docs/policy.md alone, with regular expressions instead of the engine's patterns. */
function naive(
  json: JsonPolicy,
  held: Readonly<Record<string, readonly string[]>>,
  id: string,
  path: string,
  headers: Headers,
) {
  const any = (list: readonly JsonRule[]) => list.some((each) => matches(each, id, path, headers));
  const decide = (allows: readonly JsonRule[], denies: readonly JsonRule[]) => {
    if (!/^\/[\w.]+\/\w+$/.test(path)) return false;
    if (any(denies)) return false;
    const holders = held[path];
    return holders === undefined ? any(allows) : holders.includes(id);
  };
  const allowed = decide(json.allow_rules, json.deny_rules);
  const withShadow = decide(
    [...json.allow_rules, ...json.shadow_allow_rules],
    [...json.deny_rules, ...json.shadow_deny_rules],
  );
  return { allowed, shadow: allowed === withShadow ? undefined : withShadow ? "allow" : "deny" };
}

function namedRuleMatches(
  json: JsonPolicy,
  rule: { effect: string; name: string },
  id: string,
  path: string,
  headers: Headers,
) {
  const list = rule.effect === "allow" ? json.allow_rules : json.deny_rules;
  const named = list.find(({ name }) => name === rule.name);
  return named !== undefined && matches(named, id, path, headers);
}

function matches({ source, request }: JsonRule, id: string, path: string, headers: Headers): boolean {
  const one = (patterns: readonly string[] | undefined, value: string) =>
    patterns === undefined || patterns.some((pattern) => expressionOf(pattern).test(value));
  return (
    one(source?.principals, id) &&
    one(request?.paths, path) &&
    (request?.headers ?? []).every(({ key, values }) => {
      const sent = headers[key.toLowerCase()];
      return sent !== undefined && one(values, sent.join(","));
    })
  );
}

function expressionOf(pattern: string): RegExp {
  if (pattern === "*") return /^.+$/s;
  const escaped = pattern.replaceAll("*", "").replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  return new RegExp(`^${pattern.startsWith("*") ? ".*" : ""}${escaped}${pattern.endsWith("*") ? ".*" : ""}$`, "s");
}
