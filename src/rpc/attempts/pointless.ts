import type { ErrorCode } from "../../errors.js";
import type { Outcome } from "../transport.js";

/** Failures that another attempt would only meet again, whatever status they have. */
const pointless: ReadonlySet<ErrorCode | undefined> = new Set([
  "ERR_MESSAGE_TOO_LARGE",
  "ERR_PROTOCOL_VIOLATION",
  "ERR_CHANNEL_CLOSED",
]);

export function isPointless({ code }: Outcome): boolean {
  return pointless.has(code);
}
