import { createServer, type Server, type ServerOptions } from "pinwire";
import { registerGreeter } from "./gen/greeter/v1/greeter_pinwire.js";
import { implementation } from "./implementation.js";

export interface MakeServerOptions {
  /** Who the server is, and whom it trusts. */
  readonly credentials: ServerOptions["credentials"];
  /** The SPIFFE IDs that hold the role `user` of the schema; nobody else may call. */
  readonly users: readonly string[];
}

/** The server, which listens nowhere yet. */
export function makeServer({ credentials, users }: MakeServerOptions): Server {
  return registerGreeter(createServer({ credentials, roles: { user: users } }), implementation);
}
