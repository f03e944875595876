import { Status } from "../status.js";
import type { Outcome } from "./transport.js";

/** How a call ends at the server when its caller has cancelled it, or is gone. */
export const cancelledByCaller: Outcome = { status: Status.CANCELLED, message: "the caller cancelled the call" };
