import { performance } from "node:perf_hooks";
import { type ErrorCode, isCodedError, PeerError } from "../errors.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import type { SecureConnection } from "../transport/secure-connection.js";
import type { ConnectionRefusal } from "../transport/secure-listener.js";
import type { CircuitState } from "./circuit-breaker.js";
import type { Logger } from "./logger.js";
import type { PolicyChange } from "./policy-events.js";
import { RecordLimit } from "./record-limit.js";

/** Writes one record per refused connection. */
export function logRefusal(logger: Logger, { reason, reference }: ConnectionRefusal): void {
  const { peerId, pin } = reason instanceof PeerError ? reason.facts : {};
  const record = {
    event: "connection refused",
    code: reason.code,
    reason: reason.message,
    peer: peerId,
    pin,
    reference,
  };
  logger.warn(record, "connection refused");
}

/**
 * Writes that a connection to a verified peer is there; and when it ends, that and how long it was. At level debug, or info
 * when it was cut because the peer is trusted no longer.
 */
export function logConnection(logger: Logger, side: "client" | "server", connection: SecureConnection): void {
  const openedAt = performance.now();
  const wanted = logger.isLevelEnabled?.("debug") ?? true;
  const fields = { side, ...fieldsOf(connection) };
  if (wanted) logger.debug({ event: "connection opened", ...fields }, "connection opened");
  connection.onClose((reason) => {
    const isCut = reason instanceof PeerError;
    if (!isCut && !wanted) return;
    const durationMs = Math.round((performance.now() - openedAt) * 1000) / 1000;
    const why = isCut ? { code: reason.code, reason: reason.message } : {};
    logger[isCut ? "info" : "debug"](
      { event: "connection closed", ...fields, durationMs, ...why },
      "connection closed",
    );
  });
}

/** Writes that new credentials were not accepted and the old ones stay in force. */
export function logCredentialsRefused(logger: Logger, error: Error): void {
  logRefusedUpdate(logger, "credentials", error);
}

/** Writes that a new policy file was not accepted and the old one stays in force. */
export function logPolicyRefused(logger: Logger, error: Error): void {
  logRefusedUpdate(logger, "policy", error);
}

/** Writes that a new policy file is in force. */
export function logPolicyChanged(logger: Logger, { file, name, rules }: PolicyChange): void {
  logger.info({ event: "policy changed", file, policy: name, rules }, "new policy in force");
}

/** Writes that a verified peer broke the protocol of its connection. */
export function logViolation(logger: Logger, connection: SecureConnection, violation: string, detail: string): void {
  const record = { event: "protocol violation", code: "ERR_PROTOCOL_VIOLATION", violation, detail };
  logger.warn({ ...record, ...fieldsOf(connection) }, "protocol violation");
}

/** Writes that a verified peer sent over HTTP/2 what is no request of gRPC. */
export function refusedRequestLog(
  logger: Logger,
): (connection: SecureConnection, code: ErrorCode, what: string) => void {
  const limit = new RecordLimit();
  return (connection, code, what) => {
    const withheld = limit.pass(connection.peer.id.toString());
    if (withheld === undefined) return;
    const record = { event: "request refused", code, reason: what, ...(withheld > 0 && { withheld }) };
    logger.warn({ ...record, ...fieldsOf(connection) }, "request refused");
  };
}

/** Writes that a circuit breaker lets no calls through any more, tries one, or lets them through again. */
export function logCircuit(logger: Logger, peer: { toString(): string }, state: CircuitState): void {
  const record = {
    event: "circuit",
    peer: peer.toString(),
    state,
    ...(state === "open" && { code: "ERR_CIRCUIT_OPEN" }),
  };
  if (state === "open") logger.warn(record, "too many calls fail: none are sent for a while");
  else logger.info(record, state === "half_open" ? "one call is sent to see" : "calls are sent again");
}

/** Writes that a peer ended a connection because this side, it says, has broken the protocol. */
export function logAccusation(logger: Logger, connection: SecureConnection, violation: string, words: string): void {
  const record = { event: "protocol violation reported", code: "ERR_PROTOCOL_VIOLATION", violation, words };
  logger.warn({ ...record, ...fieldsOf(connection) }, "the peer says that we broke the protocol");
}

/** Writes that a server does not speak the faster transport, which it may have been kept from. */
export function logFallback(logger: Logger, { peer }: { readonly peer: SpiffeId }): void {
  logger.info({ event: "transport fallback", peer: peer.toString(), protocol: "h2" }, "the server speaks h2 only");
}

function logRefusedUpdate(logger: Logger, what: "credentials" | "policy", error: Error): void {
  const code = isCodedError(error) ? error.code : undefined;
  logger.error({ event: `${what} refused`, code, reason: error.message }, `new ${what} refused`);
}

/** A connection and who is at its other end. */
function fieldsOf({ id, peer, protocol }: SecureConnection) {
  return { peer: peer.id.toString(), pin: peer.pin.short, protocol, connection: id };
}
