import type { PeerError } from "../errors.js";
import type { ClientStream, ClientStreamListener, Outcome } from "./transport.js";

/** A call that ends before it begins: there is no connection, and this is why. */
export function refusedStream(reason: PeerError, listener: ClientStreamListener): ClientStream {
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

/** How a call ends that found no connection. */
export function outcomeOfFailure(failure: PeerError): Outcome {
  return { status: failure.status, message: failure.message, code: failure.code, cause: failure };
}
