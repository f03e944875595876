import { CallRefused } from "../rpc/call-refused.js";
import { decodeEnvelope, type Envelope, freshForMs } from "../rpc/envelope.js";
import type { ServerStage } from "../rpc/server-method.js";
import { Status } from "../status.js";
import type { FreshnessOption } from "./freshness-option.js";
import { IdentityTable } from "./identity-table.js";
import { SenderWindows } from "./replay-window.js";

type Fault = "ERR_STALE_CALL" | "ERR_REPLAYED_CALL" | "ERR_ENVELOPE_MISSING" | "ERR_ENVELOPE_MALFORMED";

/**
 * Refuses calls that were sent too long ago, or that were here before. The direct transport knows by itself (its frames
 * are numbered, and it says how old a call is); over HTTP/2 a call carries an envelope. Each fault has its own code in the
 * log; the peer hears one text.
 */
export function freshness(option: FreshnessOption, now: () => number = Date.now): ServerStage {
  const identities = new IdentityTable<SenderWindows>({
    make: () => new SenderWindows(),
    // What it has seen is too old to be taken again, without anybody remembering it.
    isAtRest: ({ newestAt }) => newestAt < now() - freshForMs,
  });
  const faultOf = (id: string, envelopes: readonly Uint8Array[]): Fault | undefined => {
    const [bytes] = envelopes;
    if (bytes === undefined) return option === "required" ? "ERR_ENVELOPE_MISSING" : undefined;
    const envelope = envelopes.length === 1 ? decodeEnvelope(bytes) : undefined;
    if (envelope === undefined) return "ERR_ENVELOPE_MALFORMED";
    if (!isFresh(envelope, now())) return "ERR_STALE_CALL";
    return identities.of(id).accept(envelope) ? undefined : "ERR_REPLAYED_CALL";
  };
  return (call, next) => {
    const { stale, late, envelopes } = call.age;
    if (stale === false || (late && option === "checked")) return next();
    const fault = stale ? "ERR_STALE_CALL" : faultOf(call.peer.id.toString(), envelopes);
    if (fault !== undefined) throw new CallRefused(fault, Status.UNAUTHENTICATED, "not authenticated");
    return next();
  };
}

/** A time that is no number is not fresh. */
function isFresh({ issuedAt }: Envelope, now: number): boolean {
  return Math.abs(now - issuedAt) <= freshForMs;
}
