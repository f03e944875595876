import { Status } from "../status.js";
import type { Outcome } from "./transport.js";

/** How a call ends when the transport refuses a message of the peer for its size, before all of it is there. */
export function messageTooLarge(noun: "request" | "response"): Outcome {
  const message = `the ${noun} is larger than the limit (maxMessageBytes)`;
  return { status: Status.RESOURCE_EXHAUSTED, message, code: "ERR_MESSAGE_TOO_LARGE" };
}
