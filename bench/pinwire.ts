import { allow, createClient, createServer, loadCredentials, type TransportName } from "pinwire";
import { BenchService } from "./gen/pinwire/bench/v1/bench_pb.js";
import { handlers } from "./handlers.js";
import { opened, received, repeated } from "./repeated.js";
import type { ModuleSubject } from "./subject.js";

/** pinwire with everything on that is on by default, over one of its transports. */
export function pinwireSubject(transport: TransportName, description: string): ModuleSubject {
  return {
    kind: "module",
    description,
    packageName: "pinwire",
    async serve({ socketPath, server: { directory }, client: { id } }) {
      const server = createServer({
        credentials: await loadCredentials(directory),
        policy: [allow(BenchService, id)],
        transports: [transport],
        // One client stands for hundreds where idle connections are measured.
        maxConnectionsPerPeer: 1_024,
      });
      server.service(BenchService, { ...handlers, echo: ({ payload }) => ({ payload }) });
      const address = `unix:${socketPath}`;
      await server.listen(address);
      return address;
    },
    async connector({ client: { directory }, server: { id } }, target) {
      const credentials = await loadCredentials(directory);
      return () => {
        const client = createClient(BenchService, {
          target,
          credentials,
          peer: id,
          transports: [transport],
          timeoutMs: 30_000,
        });
        return {
          echo: async (payload) => (await client.echo({ payload })).payload.length,
          download: (messageBytes, count) => received(client.download({ messageBytes, count })),
          upload: async (payload, count) => (await client.upload(repeated(payload, count))).count,
          exchange: (payload, count) => received(client.exchange(repeated(payload, count))),
          linger: (payload) => opened((requests) => client.exchange(requests), payload),
          close: () => client.close(),
        };
      };
    },
  };
}
