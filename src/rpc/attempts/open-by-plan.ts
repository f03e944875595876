import type { ClientRequest, ClientStream, ClientStreamListener } from "../transport.js";
import type { AttemptPlan } from "./attempt-plan.js";
import { HedgedStream } from "./hedged-stream.js";
import { RetriedStream } from "./retried-stream.js";

/** Starts a call. One that is sent once and does not wait goes straight to its transport: it costs nothing here. */
export function openByPlan(plan: AttemptPlan, request: ClientRequest, listener: ClientStreamListener): ClientStream {
  if (plan.hedging !== undefined) return new HedgedStream(plan, plan.hedging, request, listener);
  if (plan.retry !== undefined || request.waitForReady) return RetriedStream.start(plan, request, listener);
  return plan.transport.open(request, listener);
}
