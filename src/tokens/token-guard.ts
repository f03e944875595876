import { randomBytes } from "node:crypto";
import type { CredentialState } from "../credentials/credential-state.js";
import { type ErrorCode, isCodedError, PeerError } from "../errors.js";
import type { Logger } from "../interceptors/logger.js";
import { CallRefused } from "../rpc/call-refused.js";
import type { MethodContract } from "../rpc/method-contract.js";
import type { ServerCall } from "../rpc/server-call.js";
import type { ServerStage } from "../rpc/server-method.js";
import type { Source } from "../source.js";
import { Status } from "../status.js";
import type { SecureConnection } from "../transport/secure-connection.js";
import { authorizationKey, callIdKey, callIdOf } from "./bearer.js";
import { ConnectionTokens } from "./connection-tokens.js";
import { ReplayCache } from "./replay-cache.js";
import type { CheckedTokenOptions } from "./token-options.js";
import { tokenRefusal } from "./token-refusal.js";
import { TokenState } from "./token-state.js";
import type { VerifiedToken } from "./verified-token.js";

/** Must not throw. */
export type TokenListener = (code: ErrorCode | "OK") => void;

/**
 * Lets a call of a method with `required_scopes` go on only with a token that grants each. Other methods do not look at
 * tokens at all. It decides about calls as they begin; one under way goes on until its deadline.
 */
export class TokenGuard implements Disposable {
  readonly #state: TokenState;
  readonly #replay: ReplayCache | undefined;
  readonly #credentials: Source<CredentialState>;
  readonly #logger: Logger;
  readonly #connections = new WeakMap<SecureConnection, ConnectionTokens>();
  #lastFailure: string | undefined;
  #listener: TokenListener | undefined;

  /** @throws ConfigError when a file is missing, not private or malformed */
  static async start(
    options: CheckedTokenOptions,
    { credentials, logger }: { readonly credentials: Source<CredentialState>; readonly logger: Logger },
  ): Promise<TokenGuard> {
    const replay =
      options.replay === undefined
        ? undefined
        : await ReplayCache.open(options.replay, { maxEntries: options.replayEntries });
    return new TokenGuard(await TokenState.open(options, logger), replay, credentials, logger);
  }

  private constructor(
    state: TokenState,
    replay: ReplayCache | undefined,
    credentials: Source<CredentialState>,
    logger: Logger,
  ) {
    this.#state = state;
    this.#replay = replay;
    this.#credentials = credentials;
    this.#logger = logger;
  }

  /** There is one listener. */
  tell(listener: TokenListener | undefined): void {
    this.#listener = listener;
  }

  [Symbol.dispose](): void {
    this.#state[Symbol.dispose]();
  }

  readonly stage: ServerStage = (call, next) => {
    const { contract } = call.route;
    if (contract === undefined || contract.requiredScopes.length === 0) return next();
    const values = call.requestMetadata.getAll(authorizationKey);
    const audience = this.#credentials.current().svid.id.toString();
    // By the value as it came: it is the same string in each call of a connection, and cutting it makes another.
    const token = this.#tokensOf(call.connection).known(values, this.#state.current(), audience);
    // It is of no use to a handler, which might log it.
    call.requestMetadata.delete(authorizationKey);
    if (token === undefined || token.once) return this.#admit(call, contract, values, audience).then(next);
    // What was verified before costs no promise.
    judge(token, contract);
    return next();
  };

  async #admit(call: ServerCall, contract: MethodContract, values: readonly string[], audience: string): Promise<void> {
    try {
      const token = await this.#verify(call.connection, values, audience);
      judge(token, contract);
      if (token.once) await this.#use(call, contract, token);
      this.#listener?.("OK");
    } catch (error) {
      const refusal = error instanceof PeerError ? refused(error.code, error) : error;
      if (refusal instanceof CallRefused) this.#listener?.(refusal.code);
      throw refusal;
    }
  }

  /** Again, when issuers or revocations changed meanwhile. */
  async #verify(connection: SecureConnection, values: readonly string[], audience: string): Promise<VerifiedToken> {
    for (;;) {
      const trust = this.#state.current();
      const token = await this.#tokensOf(connection).verify(values, trust, audience, Date.now());
      if (this.#state.current() === trust) return token;
    }
  }

  /** The last of all checks: what is refused for another reason does not use the token up. */
  async #use(call: ServerCall, contract: MethodContract, token: VerifiedToken): Promise<void> {
    try {
      if (this.#replay === undefined) throw tokenRefusal("ERR_TOKEN_REPLAY_CACHE", "the server has no replay option");
      await this.#replay.use({
        token: token.useKey,
        exp: token.expiresAt,
        issuedAt: token.issuedAt,
        // A client that names no call has one attempt.
        call: callIdOf(call.requestMetadata.getAll(callIdKey)) ?? randomBytes(16).toString("base64url"),
        method: contract.name,
        until: Math.ceil(Date.now() + call.remainingMs()),
        retriable: contract.idempotency !== "unknown",
      });
      this.#lastFailure = undefined;
    } catch (error) {
      if (isCodedError(error) && error.code === "ERR_TOKEN_REPLAY_CACHE") this.#report(error);
      throw error;
    }
  }

  /** Once for each reason in a row: it is the operator's to mend, and the records of calls have only its code. */
  #report({ code, message, cause }: Error & { code: ErrorCode }): void {
    const reason = cause instanceof Error ? cause.message : message;
    if (reason === this.#lastFailure) return;
    this.#lastFailure = reason;
    this.#logger.error({ event: "token replay cache", code, reason }, "single-use tokens are refused");
  }

  #tokensOf(connection: SecureConnection): ConnectionTokens {
    let tokens = this.#connections.get(connection);
    if (tokens === undefined) {
      tokens = new ConnectionTokens(connection.peer);
      this.#connections.set(connection, tokens);
    }
    return tokens;
  }
}

/** What has to be asked at each call, however often the token was verified. */
function judge(token: VerifiedToken, { requiredScopes }: MethodContract): void {
  try {
    token.checkTime(Date.now());
  } catch (error) {
    throw error instanceof PeerError ? refused(error.code, error) : error;
  }
  if (!token.scopes.grantsAll(requiredScopes)) throw scopeMissing(token, requiredScopes);
}

/** Names of the schema, for whoever is to issue a better token. */
function scopeMissing({ scopes }: VerifiedToken, requiredScopes: readonly string[]): CallRefused {
  const missing = requiredScopes.filter((scope) => !scopes.grants(scope));
  const reason = `the token does not grant ${missing.join(", ")}`;
  return new CallRefused("ERR_TOKEN_SCOPE", Status.UNAUTHENTICATED, sentence, { reason });
}

const sentence = "a valid token is required";

/** One status and one sentence for whatever reason: who is refused learns nothing about why. */
function refused(code: ErrorCode, cause?: Error): CallRefused {
  return new CallRefused(code, Status.UNAUTHENTICATED, sentence, cause && { cause });
}
