import type { MethodContract } from "./method-contract.js";

/** How long the calls of one method may take at a server. */
export interface TimeLimits {
  /** Of a call whose caller names no deadline. */
  readonly defaultTimeoutMs: number;
  readonly maxTimeoutMs: number;
}

/** The server's own bound, and whether whoever runs it has chosen it. */
export interface ServerBound {
  readonly maxTimeoutMs: number;
  readonly isChosen: boolean;
}

/**
 * What server and schema come to. A bound that was chosen for the server is never exceeded; the one it has by itself is for
 * methods whose schema says nothing.
 */
export function timeLimits(
  server: ServerBound,
  contract: Pick<MethodContract, "defaultTimeoutMs" | "maxTimeoutMs"> | undefined,
): TimeLimits {
  const ofSchema = contract?.maxTimeoutMs ?? server.maxTimeoutMs;
  const maxTimeoutMs = server.isChosen ? Math.min(server.maxTimeoutMs, ofSchema) : ofSchema;
  return { maxTimeoutMs, defaultTimeoutMs: Math.min(contract?.defaultTimeoutMs ?? maxTimeoutMs, maxTimeoutMs) };
}

/**
 * The caller's wish within the bounds of the method: never negative, never without end. What is no number is no time.
 */
export function grantedTimeoutMs(requestedMs: number | undefined, limits: TimeLimits): number {
  if (requestedMs === undefined) return limits.defaultTimeoutMs;
  return requestedMs > 0 ? Math.min(requestedMs, limits.maxTimeoutMs) : 0;
}
