import { allow, createClient, createServer, loadCredentials, type TransportName } from "pinwire";
import { BenchService } from "./gen/pinwire/bench/v1/bench_pb.js";
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
      server.service(BenchService, {
        echo: ({ payload }) => ({ payload }),
        async *download({ messageBytes, count }) {
          const payload = new Uint8Array(messageBytes).fill(0x61);
          for (let left = count; left > 0; left -= 1) yield { payload };
        },
        async upload(requests) {
          let count = 0;
          for await (const _ of requests) count += 1;
          return { count };
        },
        async *exchange(requests) {
          for await (const { payload } of requests) yield { payload };
        },
      });
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
          close: () => client.close(),
        };
      };
    },
  };
}

function* repeated(payload: Uint8Array, count: number): Generator<{ payload: Uint8Array }> {
  for (let left = count; left > 0; left -= 1) yield { payload };
}

async function received(responses: AsyncIterable<{ payload: Uint8Array }>): Promise<number> {
  let bytes = 0;
  for await (const { payload } of responses) bytes += payload.length;
  return bytes;
}
