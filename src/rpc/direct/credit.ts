import { maxWindow } from "./frame.js";
import { ProtocolViolation } from "./violation.js";

/** @throws ProtocolViolation CREDIT_OVERFLOW */
export function addCredit(credit: number, bytes: number): number {
  if (credit + bytes > maxWindow) throw new ProtocolViolation("CREDIT_OVERFLOW", "more credit than there can be");
  return credit + bytes;
}
