import type { DescService } from "@bufbuild/protobuf";
import { ConfigError, UsageError } from "../errors.js";
import { SpiffeId } from "../identity/spiffe-id.js";
import { methodContract } from "../rpc/method-contract.js";
import { methodPath } from "../rpc/method-path.js";
import type { RoleGuard } from "./policy-rule.js";

/**
 * Which SPIFFE IDs hold which role of the schema. An empty list says that nobody holds it.
 *
 * @example { admin: ["spiffe://local.test/console"], user: ["spiffe://local.test/cli", "spiffe://local.test/gui"] }
 */
export type Roles = Readonly<Record<string, readonly (string | SpiffeId)[]>>;

/**
 * Who may call the methods whose schema names roles, by path.
 *
 * @throws ConfigError ERR_ROLE_UNDEFINED, ERR_ROLE_UNUSED, ERR_INVALID_SPIFFE_ID, ERR_SCHEMA_POLICY
 */
export function roleGuards(services: Iterable<DescService>, roles: Roles = {}): Map<string, RoleGuard> {
  const holders = readRoles(roles);
  const used = new Set<string>();
  const guards = new Map<string, RoleGuard>();
  for (const { methods } of services) {
    for (const method of methods) {
      const { name, roles: wanted } = methodContract(method);
      if (wanted.length === 0) continue;
      for (const role of wanted) {
        if (!holders.has(role)) throw undefinedRole(name, role);
        used.add(role);
      }
      guards.set(methodPath(method), { method: name, roles: wanted, holders: firstRoles(wanted, holders) });
    }
  }
  const unused = [...holders.keys()].find((role) => !used.has(role));
  if (unused !== undefined) throw unusedRole(unused, used);
  return guards;
}

function readRoles(roles: Roles): Map<string, readonly string[]> {
  return new Map(
    Object.entries(roles).map(([role, ids]) => {
      // A string is a list of letters to JavaScript.
      if (!Array.isArray(ids)) {
        throw new UsageError(
          "ERR_INVALID_OPTION",
          `roles.${role} must be a list of SPIFFE IDs: { ${role}: ["spiffe://…"] }`,
        );
      }
      return [role, ids.map((id) => (id instanceof SpiffeId ? id : SpiffeId.parse(id)).toString())];
    }),
  );
}

/** By ID the first of the wanted roles that it holds. */
function firstRoles(wanted: readonly string[], holders: ReadonlyMap<string, readonly string[]>): Map<string, string> {
  const first = new Map<string, string>();
  for (const role of wanted) {
    for (const id of holders.get(role) ?? []) if (!first.has(id)) first.set(id, role);
  }
  return first;
}

function undefinedRole(method: string, role: string): ConfigError {
  return new ConfigError(
    "ERR_ROLE_UNDEFINED",
    `the schema of ${method} wants the role ${JSON.stringify(role)}, which nobody defines`,
    `say who holds it: createServer({ roles: { ${JSON.stringify(role)}: ["spiffe://…"] } }), or [] for nobody`,
  );
}

function unusedRole(role: string, used: ReadonlySet<string>): ConfigError {
  const names = [...used].sort().join(", ");
  return new ConfigError(
    "ERR_ROLE_UNUSED",
    `roles.${role} is defined, but the schema of no served method names it`,
    names === "" ? "no schema names any role; use allow() or a policy file" : `the schemas name ${names}`,
  );
}
