import { randomBytes } from "node:crypto";
import type { ClientStage } from "../rpc/client-method.js";
import { authorizationKey, callIdKey, toBearer } from "./bearer.js";
import type { TokenSource } from "./token-source.js";

/**
 * Sends a token with each call. A call that was given its own `authorization` keeps it. Innermost, so that no interceptor
 * sees the token, and once per call: all its attempts carry the same one and the same id, by which the server tells a
 * retry from a replay.
 */
export function attachToken(source: TokenSource): ClientStage {
  return (call, next) => {
    const { requestMetadata } = call;
    if (requestMetadata.has(authorizationKey)) return next();
    const attach = ({ text, once }: Awaited<ReturnType<TokenSource["token"]>>) => {
      requestMetadata.set(authorizationKey, toBearer(text));
      if (once) requestMetadata.set(callIdKey, randomBytes(16).toString("base64url"));
      return next();
    };
    const token = source.token();
    return token instanceof Promise ? token.then(attach) : attach(token);
  };
}
