import { onTestFinished } from "vitest";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow } from "../../src/interceptors/policy.js";
import { createServer, type Server } from "../../src/server/server.js";
import type { ServerOptions, ServerSettings } from "../../src/server/server-options.js";
import { type Greeter, type GreeterPair, greeter } from "./greeter-pair.js";
import { clientId } from "./identities.js";
import { tempAddress } from "./temp-socket.js";

/** A further server of a pair's identity, on a socket of its own. */
export async function anotherServer(
  pair: GreeterPair,
  implementation: Partial<Greeter>,
  options: Partial<ServerSettings> = {},
): Promise<{ readonly server: Server; readonly path: string }> {
  const { path, text } = tempAddress();
  const server = createServer({
    credentials: pair.serverCredentials,
    policy: [allow(GreeterService, clientId)],
    logger: pair.log,
    ...options,
  } as ServerOptions);
  server.service(GreeterService, { ...greeter, ...implementation });
  onTestFinished(() => server.close());
  await server.listen(text);
  return { server, path };
}

export function pathOf({ target }: GreeterPair): string {
  return target.slice("unix:".length);
}
