import { randomBytes } from "node:crypto";
import type { ClientCall } from "../rpc/client-call.js";
import type { ClientStage } from "../rpc/client-method.js";
import { authorizationKey, callIdKey } from "./bearer.js";
import type { HeldToken, TokenSource } from "./token-source.js";

/**
 * Sends a token with each call. A call that was given its own `authorization` keeps it. Innermost, so that no interceptor
 * sees the token, and once per call: all its attempts carry the same one and the same id, by which the server tells a
 * retry from a replay.
 */
export function attachToken(source: TokenSource): ClientStage {
  return (call, next) => {
    if (call.requestMetadata.has(authorizationKey)) return next();
    const token = source.token();
    return token instanceof Promise ? token.then((held) => attach(call, held, next)) : attach(call, token, next);
  };
}

function attach(
  { requestMetadata }: ClientCall,
  { bearer, once }: HeldToken,
  next: () => Promise<void>,
): Promise<void> {
  // It was checked when it was read; what every value is checked for would find nothing.
  requestMetadata.receive(authorizationKey, bearer);
  if (once) requestMetadata.set(callIdKey, randomBytes(16).toString("base64url"));
  return next();
}
