import { randomBytes } from "node:crypto";
import { RpcError } from "../errors.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import type { ClientCall } from "../rpc/client-call.js";
import type { ClientStage } from "../rpc/client-method.js";
import { Status } from "../status.js";
import { authorizationKey, callIdKey } from "./bearer.js";
import type { HeldToken, TokenSource } from "./token-source.js";

/**
 * Sends a token with each call, to the server that it is for and to no other. A call that was given its own `authorization` keeps it. Innermost, so that no interceptor
 * sees the token, and once per call: all its attempts carry the same one and the same id, by which the server tells a
 * retry from a replay.
 *
 * @throws RpcError UNAUTHENTICATED `ERR_TOKEN_AUDIENCE`, or what the source throws
 */
export function attachToken(source: TokenSource, server: SpiffeId): ClientStage {
  const audience = server.toString();
  return (call, next) => {
    if (call.requestMetadata.has(authorizationKey)) return next();
    const token = source.token();
    return token instanceof Promise
      ? token.then((held) => attach(call, held, audience, next))
      : attach(call, token, audience, next);
  };
}

function attach(
  { requestMetadata }: ClientCall,
  { bearer, once, audience }: HeldToken,
  server: string,
  next: () => Promise<void>,
): Promise<void> {
  if (audience !== server) throw forAnother();
  // It was checked when it was read; what every value is checked for would find nothing.
  requestMetadata.receive(authorizationKey, bearer);
  if (once) requestMetadata.set(callIdKey, randomBytes(16).toString("base64url"));
  return next();
}

function forAnother(): RpcError {
  const message = "the token is for another server than the peer of this channel; it was not sent";
  return new RpcError(Status.UNAUTHENTICATED, message, { code: "ERR_TOKEN_AUDIENCE", attempts: 0 });
}
