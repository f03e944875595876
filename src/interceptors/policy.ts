import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { UsageError } from "../errors.js";
import { SpiffeId } from "../identity/spiffe-id.js";
import { parseMethodPath } from "../rpc/method-path.js";

/** Says who may, or may not, call a service or one of its methods. Made by {@link allow} and {@link deny} only. */
export interface PolicyRule {
  readonly effect: "allow" | "deny";
  /** Full name of a service, or of a method as `package.Service/Method`. */
  readonly target: string;
  readonly principals: readonly SpiffeId[];
}

export type PolicyTarget = DescService | DescMethod;

/**
 * Lets peers call a service, or one method of it. What no rule allows is denied.
 *
 * @param principals SPIFFE IDs, exactly as in the certificates; at least one
 * @throws ConfigError ERR_INVALID_SPIFFE_ID, UsageError ERR_NO_POLICY for an empty list
 */
export function allow(target: PolicyTarget, ...principals: readonly (string | SpiffeId)[]): PolicyRule {
  return rule("allow", target, principals);
}

/** Keeps peers from calling a service, or one method of it, whatever else allows it. @see allow */
export function deny(target: PolicyTarget, ...principals: readonly (string | SpiffeId)[]): PolicyRule {
  return rule("deny", target, principals);
}

function rule(
  effect: PolicyRule["effect"],
  target: PolicyTarget,
  principals: readonly (string | SpiffeId)[],
): PolicyRule {
  if (principals.length === 0) {
    throw new UsageError("ERR_NO_POLICY", `${effect}(${targetName(target)}) names nobody; give at least one SPIFFE ID`);
  }
  return {
    effect,
    target: targetName(target),
    principals: principals.map(parsePrincipal),
  };
}

/** A list where one ID belongs would match nobody: harmless in allow(), a hole in deny(). */
function parsePrincipal(principal: string | SpiffeId): SpiffeId {
  if (principal instanceof SpiffeId) return principal;
  if (typeof principal === "string") return SpiffeId.parse(principal);
  throw new UsageError(
    "ERR_NO_POLICY",
    "allow() and deny() take SPIFFE IDs one by one, not a list: allow(Service, ...ids)",
  );
}

function targetName(target: PolicyTarget): string {
  return target.kind === "service" ? target.typeName : `${target.parent.typeName}/${target.name}`;
}

interface Target {
  readonly service: string;
  readonly method: string;
}

const mostTargets = 4_096;

/** Decides by hash look-ups, so a thousand rules cost a call what one does. */
export class Policy {
  readonly #allow = new Map<string, Set<string>>();
  readonly #deny = new Map<string, Set<string>>();
  readonly #targets = new Map<string, Target>();

  /** @throws UsageError ERR_NO_POLICY when no rule allows anything */
  constructor(rules: readonly PolicyRule[]) {
    if (!rules.some(({ effect }) => effect === "allow")) {
      throw new UsageError(
        "ERR_NO_POLICY",
        'the policy allows nothing; add a rule such as allow(GreeterService, "spiffe://…")',
      );
    }
    for (const { effect, target, principals } of rules) {
      const table = effect === "allow" ? this.#allow : this.#deny;
      const ids = table.get(target) ?? new Set();
      for (const id of principals) ids.add(id.toString());
      table.set(target, ids);
    }
  }

  /**
   * Deny rules first, then allow rules, else denied.
   *
   * @param path as it arrived; one that is not exactly `/package.Service/Method` is denied
   */
  permits(principal: SpiffeId, path: string): boolean {
    const target = this.#targetOf(path);
    if (target === undefined) return false;
    const id = principal.toString();
    return !lists(this.#deny, target, id) && lists(this.#allow, target, id);
  }

  /** What a path names, read once: the same few paths come again and again. */
  #targetOf(path: string): Target | undefined {
    const known = this.#targets.get(path);
    if (known !== undefined) return known;
    const name = parseMethodPath(path);
    if (name === undefined) return undefined;
    const target = { service: name.service, method: `${name.service}/${name.method}` };
    // A peer may invent any number of names.
    if (this.#targets.size < mostTargets) this.#targets.set(path, target);
    return target;
  }
}

function lists(table: ReadonlyMap<string, ReadonlySet<string>>, { service, method }: Target, id: string): boolean {
  return table.get(service)?.has(id) === true || table.get(method)?.has(id) === true;
}
