import { randomBytes } from "node:crypto";

/**
 * A short random name that a refused peer is told and the log repeats, so that one can be found from the other. It says
 * nothing by itself.
 */
export function newReference(): string {
  return randomBytes(6).toString("hex");
}
