import type { ClientTransport } from "../transport.js";
import type { RetryBuffer } from "./retry-buffer.js";
import type { CheckedHedgingPolicy, CheckedRetryPolicy } from "./retry-policy.js";
import type { RetryThrottle } from "./retry-throttle.js";

/** How the calls of one method are sent: once, or again when that helps. At most one of the policies is there. */
export interface AttemptPlan {
  readonly transport: Pick<ClientTransport, "open" | "backoffMs">;
  readonly retry: CheckedRetryPolicy | undefined;
  readonly hedging: CheckedHedgingPolicy | undefined;
  readonly throttle: RetryThrottle;
  readonly buffer: RetryBuffer;
}
