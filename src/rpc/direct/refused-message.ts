import { RpcError } from "../../errors.js";
import { Status } from "../../status.js";
import { messageTooLarge } from "../message-too-large.js";
import type { Outcome } from "../transport.js";

/** Why a message is refused while it arrives. */
export type MessageRefusal = "too large" | "too many";

/** How a call ends whose message is refused. */
export function refusedMessage(noun: "request" | "response", reason: MessageRefusal): Outcome {
  if (reason === "too large") return messageTooLarge(noun);
  const message = `too many large ${noun}s arrive at once on this connection`;
  return { status: Status.RESOURCE_EXHAUSTED, message };
}

/** Why a call ends whose message the peer would refuse. */
export function tooLargeForPeer(noun: "request" | "response", length: number, maxMessageBytes: number): RpcError {
  return new RpcError(
    Status.RESOURCE_EXHAUSTED,
    `the ${noun} has ${length} bytes, the other side takes ${maxMessageBytes} (maxMessageBytes)`,
    { code: "ERR_MESSAGE_TOO_LARGE" },
  );
}
