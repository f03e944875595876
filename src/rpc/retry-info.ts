import type { ErrorDetail } from "../error-detail.js";
import { RetryInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { errorDetail } from "./error-detail.js";
import { decodeStatusDetails } from "./status-details.js";
import type { Outcome } from "./transport.js";

/** When a refused call may be tried again, as every gRPC stack reads it: `google.rpc.RetryInfo`. */
export function retryInfo(delayMs: number): ErrorDetail {
  const seconds = Math.floor(delayMs / 1_000);
  const nanos = Math.round((delayMs - seconds * 1_000) * 1_000_000);
  return errorDetail(RetryInfoSchema, { retryDelay: { seconds: BigInt(seconds), nanos } });
}

/** When a server that speaks so wants to be tried again, in milliseconds; undefined when it does not say. */
export function retryDelayMs({ status, message, details }: Outcome): number | undefined {
  for (const detail of decodeStatusDetails(status, message, details)) {
    const delay = detail.as(RetryInfoSchema)?.retryDelay;
    if (delay !== undefined) return Math.max(0, Number(delay.seconds) * 1_000 + delay.nanos / 1_000_000);
  }
  return undefined;
}
