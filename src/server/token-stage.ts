import type { DescService } from "@bufbuild/protobuf";
import type { CredentialState } from "../credentials/credential-state.js";
import type { Logger } from "../interceptors/logger.js";
import { type MethodContract, methodContract } from "../rpc/method-contract.js";
import type { ServerStage } from "../rpc/server-method.js";
import type { Source } from "../source.js";
import { requireTokens } from "../tokens/require-tokens.js";
import type { TokenListener } from "../tokens/token-guard.js";
import type { CheckedTokenOptions } from "../tokens/token-options.js";

export interface TokenStageOptions {
  readonly services: ReadonlyMap<DescService, unknown>;
  readonly tokens: CheckedTokenOptions | undefined;
  readonly credentials: Source<CredentialState>;
  readonly logger: Logger;
}

/** The part of authorization that is about tokens. A server without the option never loads jose. */
export interface TokenStage extends Disposable {
  /** None for a method that needs no token. */
  of(contract: MethodContract | undefined): readonly ServerStage[];
  /** Told how the look at each token ended, from now on; not of those that the connection has shown before. */
  tell(listener: TokenListener | undefined): void;
}

/** @throws UsageError ERR_NO_TOKENS; ConfigError when a file is missing, not private or malformed */
export async function startTokenStage({ services, tokens, ...rest }: TokenStageOptions): Promise<TokenStage> {
  if (tokens === undefined) {
    requireTokens([...services.keys()].flatMap(({ methods }) => methods.map(methodContract)));
    return { of: () => [], tell() {}, [Symbol.dispose]() {} };
  }
  const { TokenGuard } = await import("../tokens/token-guard.js");
  const guard = await TokenGuard.start(tokens, rest);
  return {
    of: (contract) => (contract === undefined || contract.requiredScopes.length === 0 ? [] : [guard.stage]),
    tell: (listener) => guard.tell(listener),
    [Symbol.dispose]: () => guard[Symbol.dispose](),
  };
}
