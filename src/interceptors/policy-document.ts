import { DocumentNode } from "./policy-document-node.js";
import { readRequest, readSource } from "./policy-document-rule.js";
import type { DecidingRule, RuleParts } from "./policy-rule.js";

/** What a policy file says. */
export interface PolicyDocument {
  readonly name: string;
  readonly rules: readonly RuleParts[];
}

/** The lists of rules. A43 has the first two; the others are pinwire's, and only report. */
const lists: Readonly<Record<string, { readonly effect: DecidingRule["effect"]; readonly shadow: boolean }>> = {
  deny_rules: { effect: "deny", shadow: false },
  allow_rules: { effect: "allow", shadow: false },
  shadow_deny_rules: { effect: "deny", shadow: true },
  shadow_allow_rules: { effect: "allow", shadow: true },
};

/**
 * Reads an authorization policy of gRPC (gRFC A43, "SDK authorization policy"). What it accepts means what A43 says. It
 * refuses some of what A43 accepts, because it could only be a mistake here: an empty list, a principal that is no SPIFFE ID,
 * a path that no call has.
 *
 * @param source the name of the file, for messages
 * @throws ConfigError ERR_POLICY_INVALID with file, line, column and the place within
 */
export function parsePolicyDocument(text: string, source: string): PolicyDocument {
  const root = DocumentNode.parse(text, source);
  root.onlyFields(["name", ...Object.keys(lists)], "A43 knows name, deny_rules and allow_rules");
  const name = root.required("name").nonEmptyText("give the policy a name");
  root.required("allow_rules", 'add "allow_rules": [], or the rules that allow something');
  const rules = Object.entries(lists).flatMap(([field, { effect, shadow }]) => {
    const names = new Set<string>();
    return (root.optional(field)?.items() ?? []).map((node) => readRule(node, names, { effect, shadow }));
  });
  return { name, rules };
}

function readRule(
  node: DocumentNode,
  names: Set<string>,
  { effect, shadow }: { effect: DecidingRule["effect"]; shadow: boolean },
): RuleParts {
  node.onlyFields(["name", "source", "request"], "a rule has name, source and request");
  const nameNode = node.required("name");
  const name = nameNode.nonEmptyText("give the rule a name: it is what logs and pinwire policy explain say");
  if (names.has(name)) throw nameNode.fault("is the name of an earlier rule of this list", "give each rule its own");
  names.add(name);
  return {
    ref: { source: "file", effect, name, place: node.path },
    shadow,
    principals: readSource(node.optional("source")),
    ...readRequest(node.optional("request")),
  };
}
