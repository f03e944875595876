import { createServer, loadCredentials, type Server } from "pinwire";
import { registerGreeter } from "./gen/greeter/v1/greeter_pinwire.js";
import { implementation } from "./implementation.js";

export interface StartOptions {
  /** The directory with the server's identity. */
  readonly credentials: string;
  /** Where to listen. */
  readonly address: string;
  /** The SPIFFE IDs that hold the role `user` of the schema. */
  readonly users: readonly string[];
}

/** A server that listens. */
export async function startServer({ credentials, address, users }: StartOptions): Promise<Server> {
  const server = createServer({ credentials: await loadCredentials(credentials), roles: { user: users } });
  registerGreeter(server, implementation);
  await server.listen(address);
  return server;
}
