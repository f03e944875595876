import { RpcError } from "../errors.js";
import { Status } from "../status.js";

/** What ends calls and connections when their server is closed. */
export function shuttingDown(): RpcError {
  return new RpcError(Status.UNAVAILABLE, "the server is shutting down", { code: "ERR_SHUTTING_DOWN" });
}
