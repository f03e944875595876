import type { ErrorDetail } from "../error-detail.js";
import { RetryInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { errorDetail } from "./error-detail.js";

/** When a refused call may be tried again, as every gRPC stack reads it: `google.rpc.RetryInfo`. */
export function retryInfo(delayMs: number): ErrorDetail {
  const seconds = Math.floor(delayMs / 1_000);
  const nanos = Math.round((delayMs - seconds * 1_000) * 1_000_000);
  return errorDetail(RetryInfoSchema, { retryDelay: { seconds: BigInt(seconds), nanos } });
}
