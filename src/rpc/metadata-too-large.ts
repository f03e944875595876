import { RpcError } from "../errors.js";
import { Status } from "../status.js";

export function metadataTooLarge(what: string): RpcError {
  return new RpcError(Status.RESOURCE_EXHAUSTED, `the ${what} is larger than the other side accepts`);
}
