import { UsageError } from "../errors.js";
import type { MethodContract } from "../rpc/method-contract.js";

/**
 * A schema that wants tokens and a server that cannot judge them: nobody could call the method, which is better said at
 * the start.
 *
 * @throws UsageError ERR_NO_TOKENS
 */
export function requireTokens(contracts: Iterable<MethodContract>): void {
  for (const { name, requiredScopes } of contracts) {
    if (requiredScopes.length === 0) continue;
    throw new UsageError(
      "ERR_NO_TOKENS",
      `${name} has required_scopes, so createServer() needs tokens: { issuers: "…/issuers.json" }`,
    );
  }
}
