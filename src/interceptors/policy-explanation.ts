import type { SpiffeId } from "../identity/spiffe-id.js";
import type { Metadata } from "../rpc/metadata.js";
import type { Policy, Verdict } from "./policy-engine.js";
import type { DecidingRule } from "./policy-rule.js";

/** How a call would be decided, and why. */
export interface PolicyExplanation {
  readonly peer: string;
  /** `/package.Service/Method`. */
  readonly method: string;
  readonly allowed: boolean;
  /**
   * `rule`: a rule or a role decided. `no_role`: the schema wants a role that the peer does not hold. `no_rule`: nothing
   * allows it. `malformed_path`: it is not exactly `/package.Service/Method`.
   */
  readonly because: Verdict["because"];
  /** The same for people, with the place of the rule. */
  readonly reason: string;
  readonly rule?: DecidingRule;
  /** The roles that the schema wants. */
  readonly roles?: readonly string[];
  /** What the shadow rules would change. */
  readonly shadow?: { readonly allowed: boolean; readonly rule: DecidingRule };
}

export function explainPolicy(policy: Policy, peer: SpiffeId, path: string, headers: Metadata): PolicyExplanation {
  const { allowed, because, reason, rule, shadow } = policy.decide({ peer, path }, { requestMetadata: headers });
  const guard = policy.guardOf(path);
  return {
    peer: peer.toString(),
    method: path,
    allowed,
    because,
    reason,
    ...(rule && { rule }),
    ...(guard && { roles: guard.roles }),
    ...(shadow && { shadow: { allowed: shadow.effect === "allow", rule: shadow } }),
  };
}
