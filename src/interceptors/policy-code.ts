import type { PolicyRule } from "./policy.js";
import { beginningWith, exactly } from "./policy-pattern.js";
import type { RuleParts } from "./policy-rule.js";

/** The rules of the option `policy`, as the engine takes them. */
export function codeRules(rules: readonly PolicyRule[]): RuleParts[] {
  return rules.map(({ effect, target, principals, shadow = false }, index) => ({
    ref: { source: "code", effect, name: target, place: `policy[${index}]` },
    shadow,
    principals: principals.map((id) => exactly(id.toString())),
    // With the slash after it, the name of a service cannot be the beginning of another's.
    paths: [target.includes("/") ? exactly(`/${target}`) : beginningWith(`/${target}/`)],
    headers: [],
  }));
}
