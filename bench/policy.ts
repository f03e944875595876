// Why: what a decision of the policy costs a call must not depend on how many rules there are. It measures the engine alone,
// in one process, at 10, 1,000 and 10,000 rules. It would miss what the rest of a call does to the processor's caches.
import { parsePolicyDocument } from "../src/interceptors/policy-document.js";
import { Policy } from "../src/interceptors/policy-engine.js";
import { Metadata } from "../src/rpc/metadata.js";

const sizes = [10, 1_000, 10_000];
const rounds = 9;
const callsInRound = 100_000;
/** Each of these is decided once, so that none of them is remembered. */
const newCallsInRound = 10_000;

const peers = Array.from({ length: 16 }, (_, i) => `spiffe://local.test/tools/peer${i}`);
const paths = Array.from({ length: 16 }, (_, i) => `/bench.v1.Service${i}/Method`);
const without = { requestMetadata: new Metadata() };
const withTenant = { requestMetadata: Metadata.from({ "x-tenant": "tenant9" }) };

/** Sinks what is decided, so that no decision can be left out. */
let allowed = 0;

const figures = sizes.map((size) => measure(size));
print(figures);

interface Figures {
  readonly rules: number;
  readonly "read and compile, ms": number;
  readonly "a call as before, ns": number;
  readonly "a new call, ns": number;
  readonly "an invented method, ns": number;
  readonly "a rule with a header, ns": number;
  readonly "rules that differ in a header, ns": number;
}

function measure(rules: number): Figures {
  const plain = JSON.stringify(documentOf(rules, false));
  const compile = quickestOf(3, () => {
    const begun = performance.now();
    policyOf(plain);
    return performance.now() - begun;
  });
  const policy = policyOf(plain);
  const byHeader = policyOf(JSON.stringify(documentOf(rules, true)));
  const byHeaderAlone = policyOf(JSON.stringify(tenants(rules)));
  let fresh = 0;
  return {
    rules,
    "read and compile, ms": round(compile, 1),
    "a call as before, ns": perCall(callsInRound, (i) => decide(policy, i)),
    "a new call, ns": perCall(newCallsInRound, () => {
      fresh += 1;
      allowed += Number(
        policy.judge(`spiffe://local.test/tools/new${fresh}`, "/bench.v1.Service1/Method", without).allowed,
      );
    }),
    "an invented method, ns": perCall(newCallsInRound, () => {
      fresh += 1;
      allowed += Number(policy.judge("spiffe://local.test/x", `/no.v1.Service/Invented${fresh}`, without).allowed);
    }),
    "a rule with a header, ns": perCall(callsInRound, (i) => {
      allowed += Number(byHeader.judge(peers[i & 15] ?? "", "/bench.v1.Service1/Method", withTenant).allowed);
    }),
    "rules that differ in a header, ns": perCall(callsInRound, (i) => {
      allowed += Number(byHeaderAlone.judge(peers[i & 15] ?? "", "/bench.v1.Service1/Method", withTenant).allowed);
    }),
  };
}

function decide(policy: Policy, i: number): void {
  allowed += Number(policy.judge(peers[i & 15] ?? "", paths[(i >> 4) & 15] ?? "", without).allowed);
}

/** All kinds of patterns; a tenth are denials. The rules that the calls meet are among them at every size. */
function documentOf(rules: number, headers: boolean): object {
  const all = Array.from({ length: rules }, (_, i) => ({
    name: `rule${i}`,
    source: { principals: [principalOf(i)] },
    request: { paths: [pathOf(i)], ...(headers && { headers: [{ key: "x-tenant", values: [`tenant${i}`] }] }) },
  }));
  const denies = (i: number) => !headers && i >= 10 && i % 10 === 0;
  return {
    name: "bench",
    allow_rules: all.filter((_, i) => !denies(i)),
    deny_rules: all.filter((_, i) => denies(i)),
  };
}

/** One rule for each tenant, for everybody and every method. */
function tenants(rules: number): object {
  const headersOf = (i: number) => [{ key: "x-tenant", values: [`tenant${i}`] }];
  const allow_rules = Array.from({ length: rules }, (_, i) => ({ name: `${i}`, request: { headers: headersOf(i) } }));
  return { name: "tenants", allow_rules };
}

function principalOf(i: number): string {
  if (i < 10) return "spiffe://local.test/tools/*";
  return [`spiffe://local.test/p${i}`, `spiffe://local.test/group${i}/*`, `*/member${i}`][i % 3] ?? "";
}

function pathOf(i: number): string {
  if (i < 10) return "/bench.v1.*";
  return [`/rule${i}.v1.Service/Method`, `/rule${i}.v1.Service/*`, `*/Method${i}`, "*"][i % 4] ?? "";
}

function policyOf(text: string): Policy {
  return new Policy(parsePolicyDocument(text, "bench.json").rules);
}

function perCall(calls: number, call: (i: number) => void): number {
  for (let i = 0; i < calls; i++) call(i);
  const ns = quickestOf(rounds, () => {
    const begun = performance.now();
    for (let i = 0; i < calls; i++) call(i);
    return ((performance.now() - begun) * 1e6) / calls;
  });
  return round(ns, 0);
}

/** Of several rounds the quickest: what else the machine does can only add to it. */
function quickestOf(times: number, value: () => number): number {
  return Math.min(...Array.from({ length: times }, value));
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function print(rows: readonly Figures[]): void {
  if (allowed === 0) throw new Error("nothing was allowed: the benchmark measures the wrong thing");
  const names = Object.keys(rows[0] ?? {}) as (keyof Figures)[];
  const cells = names.map((name) => [name, ...rows.map((row) => row[name].toLocaleString("en"))]);
  const widths = Array.from({ length: rows.length + 1 }, (_, column) =>
    Math.max(...cells.map((line) => line[column]?.length ?? 0)),
  );
  for (const line of cells) {
    const [name = "", ...values] = line;
    const padded = values.map((value, column) => value.padStart(widths[column + 1] ?? 0));
    process.stdout.write(`${name.padEnd(widths[0] ?? 0)}  ${padded.join("  ")}\n`);
  }
}
