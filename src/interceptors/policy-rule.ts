import type { SpiffeId } from "../identity/spiffe-id.js";
import type { HeaderCondition } from "./policy-headers.js";
import type { Pattern } from "./policy-pattern.js";

/** Which rule decided, in words that lead to it. */
export interface DecidingRule {
  readonly source: "code" | "schema" | "file";
  readonly effect: "allow" | "deny";
  /** Its name in the file; in code its target; from the schema the role. */
  readonly name: string;
  /** Where it stands: `policy[2]`, `allow_rules[0]`, `hello.v1.GreeterService/SayHello`. */
  readonly place: string;
}

/** A rule, from wherever it came. It matches when each of its three parts does. */
export interface RuleParts {
  readonly ref: DecidingRule;
  /** Only reports. */
  readonly shadow: boolean;
  /** One of them has to match; never empty. */
  readonly principals: readonly Pattern[];
  /** One of them has to match; never empty. */
  readonly paths: readonly Pattern[];
  /** All of them have to match. */
  readonly headers: readonly HeaderCondition[];
}

/** A rule among all others. */
export interface EngineRule extends RuleParts {
  /** Of several that match, the lowest is the one that is named. */
  readonly order: number;
}

/** Who may call a method whose schema names roles. */
export interface RoleGuard {
  /** `package.Service/Method`. */
  readonly method: string;
  readonly roles: readonly string[];
  /** By SPIFFE ID the first of these roles that it holds. */
  readonly holders: ReadonlyMap<string, string>;
}

/** Who asks for what. */
export interface PolicyQuestion {
  readonly peer: SpiffeId;
  /** As it arrived. */
  readonly path: string;
}

/** One line for logs and messages. Everything in it comes from our own configuration. */
export function describeRule({ source, effect, name, place }: DecidingRule): string {
  if (source === "schema") return `schema: role ${name} of ${place}`;
  return `${source}: ${place} ${source === "code" ? `${effect}(${name})` : JSON.stringify(name)}`;
}
