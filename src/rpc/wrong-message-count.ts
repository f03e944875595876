import { RpcError } from "../errors.js";
import { Status } from "../status.js";

/** A side that takes exactly one message was sent none, or another (gRPC over HTTP/2, "Status"). */
export function wrongMessageCount(message: string): RpcError {
  return new RpcError(Status.UNIMPLEMENTED, message, { code: "ERR_MESSAGE_COUNT" });
}
