import { Status } from "../status.js";
import type { Outcome } from "./transport.js";

/** How a call ends at the client when its connection is gone. */
export function connectionLost(because = ""): Outcome {
  const message = `the connection to the server was lost${because === "" ? "" : `: ${because}`}`;
  return { status: Status.UNAVAILABLE, message, code: "ERR_CONNECTION_LOST" };
}
