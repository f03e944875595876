import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { UsageError } from "../errors.js";
import { SpiffeId } from "../identity/spiffe-id.js";
import { methodName } from "../rpc/method-path.js";

/** Says who may, or may not, call a service or one of its methods. Made by {@link allow} and {@link deny} only. */
export interface PolicyRule {
  readonly effect: "allow" | "deny";
  /** Full name of a service, or of a method as `package.Service/Method`. */
  readonly target: string;
  readonly principals: readonly SpiffeId[];
  /** Only reports; made by {@link shadow}. */
  readonly shadow?: true;
}

export type PolicyTarget = DescService | DescMethod;

/**
 * Lets peers call a service, or one method of it. What no rule allows is denied. A method whose schema names roles is not
 * opened by it: there the roles decide.
 *
 * @param principals SPIFFE IDs, exactly as in the certificates; at least one
 * @throws ConfigError ERR_INVALID_SPIFFE_ID, UsageError ERR_NO_POLICY for an empty list, ERR_INVALID_OPTION for what is no target
 */
export function allow(target: PolicyTarget, ...principals: readonly (string | SpiffeId)[]): PolicyRule {
  return rule("allow", target, principals);
}

/** Keeps peers from calling a service, or one method of it, whatever else allows it. @see allow */
export function deny(target: PolicyTarget, ...principals: readonly (string | SpiffeId)[]): PolicyRule {
  return rule("deny", target, principals);
}

/**
 * Takes a rule on trial: it decides nothing, and each call it would have decided otherwise leaves a record in the log.
 *
 * @example policy: [allow(GreeterService, cli), shadow(deny(GreeterService.method.chat, cli))]
 */
export function shadow(rule: PolicyRule): PolicyRule {
  return { ...rule, shadow: true };
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
  if (target?.kind === "service") return target.typeName;
  if (target?.kind === "rpc") return methodName(target);
  throw new UsageError(
    "ERR_INVALID_OPTION",
    "allow() and deny() take a service or a method of it, as generated: GreeterService, GreeterService.method.sayHello",
  );
}
