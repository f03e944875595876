import { Metadata } from "../rpc/metadata.js";
import { isMethodPath } from "../rpc/method-path.js";
import { PolicyCache } from "./policy-cache.js";
import type { HeaderRules, HeaderSource } from "./policy-headers.js";
import {
  type DecidingRule,
  describeRule,
  type EngineRule,
  type PolicyQuestion,
  type RoleGuard,
  type RuleParts,
} from "./policy-rule.js";
import { type Found, RuleTable } from "./policy-table.js";

/** What was decided, and by what. */
export interface Verdict {
  readonly allowed: boolean;
  /**
   * `rule`: a rule or a role decided. `no_role`: the schema wants a role that the peer does not hold. `no_rule`: nothing
   * allows it. `malformed_path`: it is not exactly `/package.Service/Method`.
   */
  readonly because: "rule" | "no_role" | "no_rule" | "malformed_path";
  readonly rule: DecidingRule | undefined;
  /** The shadow rule that would have decided otherwise. */
  readonly shadow: DecidingRule | undefined;
  /** One line for the log. */
  readonly reason: string;
}

/** All there is to say about a principal and a path before headers are looked at. */
interface Resolution {
  /** Set where headers change nothing: almost always. */
  readonly verdict: Verdict | undefined;
  readonly guard: RoleGuard | undefined;
  readonly role: string | undefined;
  readonly deny: Found;
  readonly allow: Found;
  readonly shadowDeny: Found;
  readonly shadowAllow: Found;
}

const withoutHeaders: HeaderSource = { requestMetadata: new Metadata() };

const malformedPath: Verdict = {
  allowed: false,
  because: "malformed_path",
  rule: undefined,
  shadow: undefined,
  reason: "the path is not /package.Service/Method",
};

/**
 * The rules of code, schema and file as one. A call is denied when a deny rule matches; else, where its method's schema names
 * roles, it is allowed to who holds one and to nobody else; else it is allowed when an allow rule matches; else it is denied.
 * It never changes: a new policy is a new object, with an empty cache.
 */
export class Policy {
  readonly #deny: RuleTable;
  readonly #allow: RuleTable;
  readonly #shadowDeny: RuleTable;
  readonly #shadowAllow: RuleTable;
  readonly #guards: ReadonlyMap<string, RoleGuard>;
  readonly #cache = new PolicyCache<Resolution>();

  /**
   * @param rules in the order in which they are named when several match
   * @param guards by path
   * @throws ConfigError ERR_POLICY_INVALID
   */
  constructor(rules: readonly RuleParts[], guards: ReadonlyMap<string, RoleGuard> = new Map()) {
    const ordered = rules.map((rule, order): EngineRule => ({ ...rule, order }));
    const table = (effect: "allow" | "deny", shadow: boolean) =>
      new RuleTable(ordered.filter((rule) => rule.ref.effect === effect && rule.shadow === shadow));
    this.#deny = table("deny", false);
    this.#allow = table("allow", false);
    this.#shadowDeny = table("deny", true);
    this.#shadowAllow = table("allow", true);
    this.#guards = guards;
  }

  /** Whether anybody may call anything. */
  get allowsSomething(): boolean {
    return !this.#allow.isEmpty || [...this.#guards.values()].some(({ holders }) => holders.size > 0);
  }

  /** Whether a call without headers is allowed. */
  permits(peer: PolicyQuestion["peer"], path: string): boolean {
    return this.decide({ peer, path }).allowed;
  }

  /** @param headers read only where a rule asks for them */
  decide({ peer, path }: PolicyQuestion, headers: HeaderSource = withoutHeaders): Verdict {
    return this.judge(peer.toString(), path, headers);
  }

  /** As {@link decide}, making nothing on the way: two look-ups for a call like one before. */
  judge(principal: string, path: string, headers: HeaderSource): Verdict {
    const resolution = this.#cache.get(principal, path) ?? this.#resolve(principal, path);
    if (resolution === undefined) return malformedPath;
    return resolution.verdict ?? verdictOf(resolution, headers);
  }

  /** The roles that the schema wants for a path. */
  guardOf(path: string): RoleGuard | undefined {
    return this.#guards.get(path);
  }

  /** How many answers are remembered. */
  get remembered(): number {
    return this.#cache.size;
  }

  #resolve(principal: string, path: string): Resolution | undefined {
    if (!isMethodPath(path)) return undefined;
    const guard = this.#guards.get(path);
    const found = {
      guard,
      role: guard?.holders.get(principal),
      deny: this.#deny.find(principal, path),
      allow: this.#allow.find(principal, path),
      shadowDeny: this.#shadowDeny.find(principal, path),
      shadowAllow: this.#shadowAllow.find(principal, path),
      verdict: undefined,
    };
    const resolution = { ...found, verdict: dependsOnHeaders(found) ? undefined : verdictOf(found, withoutHeaders) };
    this.#cache.set(principal, path, resolution);
    return resolution;
  }
}

function dependsOnHeaders({ deny, allow, shadowDeny, shadowAllow }: Resolution): boolean {
  return [deny, allow, shadowDeny, shadowAllow].some(({ conditional }) => conditional !== undefined);
}

function verdictOf(resolution: Resolution, headers: HeaderSource): Verdict {
  const denied = ruleOf(resolution.deny, headers);
  if (denied !== undefined) return byRule(denied.ref);
  const { guard, role } = resolution;
  if (guard !== undefined && role === undefined) return noRole(guard);
  const shadowDeny = ruleOf(resolution.shadowDeny, headers)?.ref;
  if (guard !== undefined && role !== undefined) return byRule(roleRule(guard, role), shadowDeny);
  const allowed = ruleOf(resolution.allow, headers);
  if (allowed !== undefined) return byRule(allowed.ref, shadowDeny);
  // What both shadow rules match would be denied, as it is.
  return noRule(shadowDeny === undefined ? ruleOf(resolution.shadowAllow, headers)?.ref : undefined);
}

function ruleOf({ rule, conditional }: Found, headers: HeaderSource): EngineRule | undefined {
  return rule ?? (conditional === undefined ? undefined : firstOf(conditional, headers));
}

function firstOf(conditional: readonly HeaderRules[], headers: HeaderSource): EngineRule | undefined {
  let first: EngineRule | undefined;
  for (const rules of conditional) {
    const rule = rules.first(headers);
    if (rule !== undefined && (first === undefined || rule.order < first.order)) first = rule;
  }
  return first;
}

function byRule(rule: DecidingRule, shadow?: DecidingRule): Verdict {
  return { allowed: rule.effect === "allow", because: "rule", rule, shadow, reason: describeRule(rule) };
}

function roleRule({ method }: RoleGuard, role: string): DecidingRule {
  return { source: "schema", effect: "allow", name: role, place: method };
}

function noRole({ method, roles }: RoleGuard): Verdict {
  const reason = `schema: ${method} wants one of the roles ${roles.join(", ")}`;
  return { allowed: false, because: "no_role", rule: undefined, shadow: undefined, reason };
}

function noRule(shadow: DecidingRule | undefined): Verdict {
  return { allowed: false, because: "no_rule", rule: undefined, shadow, reason: "no rule allows it" };
}
