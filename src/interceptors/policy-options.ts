import { UsageError } from "../errors.js";
import { SpiffeId } from "../identity/spiffe-id.js";
import type { PolicyRule } from "./policy.js";
import type { Roles } from "./policy-roles.js";

/** Where a server's rules come from; docs/policy.md. At least one of the three is given. */
export interface PolicyOptions {
  /** Whom I allow, in code: {@link allow}, {@link deny}, {@link shadow}. */
  readonly policy?: readonly PolicyRule[];
  /** Who holds the roles that the schemas name. A method whose schema names roles is open to who holds one, to nobody else. */
  readonly roles?: Roles;
  /** Path of a policy in gRPC's own JSON (gRFC A43), read again whenever it changes. */
  readonly policyFile?: string;
}

/**
 * What {@link PolicyOptions} has to have: somebody must be allowed something. A list of rules is known to have a first one:
 * `[allow(NotesService, ...ids)]`, `[allow(NotesService, cli), ...others]`.
 */
export type SomePolicy =
  | { readonly roles: Roles }
  | { readonly policyFile: string }
  // The last one is what the compiler speaks of when none fits.
  | { readonly policy: readonly [PolicyRule, ...PolicyRule[]] };

export const policyKeys = ["policy", "roles", "policyFile"] as const;

/**
 * Finds mistakes as soon as a server is made; those of schema and file show when it listens.
 *
 * @throws UsageError ERR_NO_POLICY, ERR_INVALID_OPTION
 */
export function checkPolicyOptions(options: PolicyOptions): PolicyOptions {
  const { policy = [], roles, policyFile } = options;
  if (!Array.isArray(policy)) throw new UsageError("ERR_INVALID_OPTION", "policy must be a list of rules: [allow(…)]");
  const wrong = policy.findIndex((rule) => !isRule(rule));
  if (wrong >= 0) {
    throw new UsageError("ERR_INVALID_OPTION", `policy[${wrong}] is no rule; make it with allow(), deny() or shadow()`);
  }
  if (roles !== undefined && (typeof roles !== "object" || roles === null || Array.isArray(roles))) {
    throw new UsageError("ERR_INVALID_OPTION", 'roles must be an object: { admin: ["spiffe://…"] }');
  }
  if (policyFile !== undefined && (typeof policyFile !== "string" || policyFile === "")) {
    throw new UsageError("ERR_INVALID_OPTION", "policyFile must be the path of a file");
  }
  const allows = policy.some((rule) => rule.effect === "allow" && rule.shadow !== true);
  if (allows || policyFile !== undefined || Object.values(roles ?? {}).some((holders) => holders.length > 0))
    return options;
  throw nothingAllowed();
}

/** A rule written by hand, with a misspelt effect, would deny nobody. */
function isRule(rule: Partial<PolicyRule> | null | undefined): boolean {
  if (rule?.effect !== "allow" && rule?.effect !== "deny") return false;
  if (rule.shadow !== undefined && rule.shadow !== true) return false;
  const { target, principals } = rule;
  return (
    typeof target === "string" &&
    Array.isArray(principals) &&
    principals.length > 0 &&
    principals.every((id) => id instanceof SpiffeId)
  );
}

export function nothingAllowed(): UsageError {
  return new UsageError(
    "ERR_NO_POLICY",
    'the policy allows nothing; add a rule such as allow(GreeterService, "spiffe://…"), or give roles or a policyFile',
  );
}
