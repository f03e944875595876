import { type PeerError, RpcError } from "../errors.js";
import { Status } from "../status.js";
import type { ClientStream, ClientStreamListener, Outcome } from "./transport.js";

/** A call that ends before it begins, because there is no connection or it cannot be sent. */
export function refusedStream(reason: PeerError | RpcError, listener: ClientStreamListener): ClientStream {
  let cancelled = false;
  queueMicrotask(() => {
    if (!cancelled) listener.onEnd(outcomeOfFailure(reason));
  });
  return {
    read: () => {},
    write: () => undefined,
    halfClose: () => {},
    cancel: () => {
      cancelled = true;
    },
  };
}

/** How a call ends that never began. */
export function outcomeOfFailure(failure: PeerError | RpcError): Outcome {
  const message = failure instanceof RpcError ? failure.rawMessage : failure.message;
  // Who is not who it should be is not waited for.
  const neverSent = !(failure instanceof RpcError) && failure.status !== Status.UNAUTHENTICATED;
  return { status: failure.status, message, code: failure.code, cause: failure, ...(neverSent && { neverSent }) };
}
