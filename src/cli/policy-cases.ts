import { SpiffeId } from "../identity/spiffe-id.js";
import { DocumentNode } from "../interceptors/policy-document-node.js";
import type { Policy } from "../interceptors/policy-engine.js";
import { explainPolicy, type PolicyExplanation } from "../interceptors/policy-explanation.js";
import { describeRule } from "../interceptors/policy-rule.js";
import { Metadata } from "../rpc/metadata.js";

/** What somebody expects of a policy. */
export interface PolicyCase {
  readonly peer: SpiffeId;
  readonly method: string;
  readonly headers: Metadata;
  readonly expect: Decision;
  /** The name of the rule that is to decide. */
  readonly rule: string | undefined;
  /** What the shadow rules are to make of it. */
  readonly shadow: Decision | undefined;
}

export type Decision = "allow" | "deny";

/**
 * Reads a list of cases: `{"peer": …, "method": …, "expect": "allow"}`, with `headers`, `rule` and `shadow` where they
 * matter.
 *
 * @throws ConfigError ERR_POLICY_INVALID with the place
 */
export function readCases(text: string, source: string): PolicyCase[] {
  const cases = DocumentNode.parse(text, source).nonEmptyItems("write at least one case");
  return cases.map(readCase);
}

/** How a policy decides a case, and what is wrong with that; undefined when nothing is. */
export function runCase(policy: Policy, wanted: PolicyCase): { result: PolicyExplanation; fault: string | undefined } {
  const result = explainPolicy(policy, wanted.peer, wanted.method, wanted.headers);
  return { result, fault: faultOf(wanted, result) };
}

function readCase(node: DocumentNode): PolicyCase {
  node.onlyFields(["peer", "method", "headers", "expect", "rule", "shadow"], "a case has peer, method and expect");
  const method = node.required("method");
  if (!method.text.startsWith("/"))
    throw method.fault("does not begin with a slash", 'write "/package.Service/Method"');
  const shadow = node.optional("shadow");
  return {
    peer: readPeer(node.required("peer")),
    method: method.text,
    headers: readHeaders(node.optional("headers")),
    expect: readDecision(node.required("expect")),
    rule: node.optional("rule")?.text,
    shadow: shadow && readDecision(shadow),
  };
}

function readPeer(node: DocumentNode): SpiffeId {
  const id = SpiffeId.tryParse(node.text);
  if (id instanceof SpiffeId) return id;
  throw node.fault(`is not a SPIFFE ID: ${id.fault}`, 'write it as "spiffe://trust-domain/path"');
}

function readHeaders(node: DocumentNode | undefined): Metadata {
  const headers = new Metadata();
  for (const [key, value] of node?.fields() ?? []) {
    try {
      headers.append(key, value.text);
    } catch (error) {
      throw value.fault(error instanceof Error ? error.message : "cannot travel", "no client can send it");
    }
  }
  return headers;
}

function readDecision(node: DocumentNode): Decision {
  if (node.text === "allow" || node.text === "deny") return node.text;
  throw node.fault('is neither "allow" nor "deny"', 'write "allow" or "deny"');
}

function faultOf({ expect, rule, shadow }: PolicyCase, result: PolicyExplanation): string | undefined {
  const decision = decisionOf(result.allowed);
  if (decision !== expect) return `it is ${result.allowed ? "allowed" : "denied"}: ${result.reason}`;
  if (rule !== undefined && result.rule?.name !== rule) return `another rule decides: ${result.reason}`;
  const shadowed = decisionOf(result.shadow?.allowed ?? result.allowed);
  if (shadow === undefined || shadowed === shadow) return undefined;
  const because = result.shadow === undefined ? "no shadow rule changes it" : describeRule(result.shadow.rule);
  return `with the shadow rules it would be ${shadowed === "allow" ? "allowed" : "denied"}: ${because}`;
}

function decisionOf(allowed: boolean): Decision {
  return allowed ? "allow" : "deny";
}
