import {
  allow,
  type ChannelOptions,
  type ClientOptions,
  createClient,
  createServer,
  loadCredentials,
  type ServerOptions,
  type TransportName,
} from "pinwire";
import { BenchService } from "./gen/pinwire/bench/v1/bench_pb.js";
import { handlers } from "./handlers.js";
import type { Place } from "./place.js";
import type { ModuleSubject } from "./subject.js";
import { typedConnection } from "./typed-connection.js";

/** What a subject has besides what is on by default. */
export interface Additions {
  readonly service?: typeof BenchService;
  server?(place: Place): Promise<Partial<ServerOptions>>;
  client?(place: Place): Promise<Partial<ChannelOptions & ClientOptions>>;
}

/** pinwire with everything on that is on by default, over one of its transports. */
export function pinwireSubject(
  transport: TransportName,
  description: string,
  { service = BenchService, ...additions }: Additions = {},
): ModuleSubject {
  return {
    kind: "module",
    description,
    packageName: "pinwire",
    async serve(place) {
      const { socketPath, server: own, client: peer } = place;
      const { id } = peer;
      const { directory } = own;
      const server = createServer({
        credentials: await loadCredentials(directory),
        policy: [allow(service, id)],
        transports: [transport],
        // One client stands for hundreds where idle connections are measured.
        maxConnectionsPerPeer: 1_024,
        ...((await additions.server?.(place)) as object),
      });
      const echo = ({ payload }: { payload: Uint8Array }) => ({ payload });
      const others = Object.fromEntries(service.methods.map(({ localName }) => [localName, echo]));
      server.service(service, { ...others, ...handlers, echo });
      const address = `unix:${socketPath}`;
      await server.listen(address);
      return address;
    },
    async connector(place, target) {
      const { client: own, server: peer } = place;
      const { directory } = own;
      const { id } = peer;
      const added = await additions.client?.(place);
      const credentials = await loadCredentials(directory);
      return () => {
        const client = createClient(service, {
          target,
          credentials,
          peer: id,
          transports: [transport],
          timeoutMs: 30_000,
          ...added,
        });
        return typedConnection(client, () => client.close());
      };
    },
  };
}
