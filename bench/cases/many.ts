import type { Case } from "./case.js";

const streams = 1_000;
const messages = 10;

/** A thousand streams on one connection, each with one message after the other there and back. */
export const manyStreams: Case = {
  name: "streams-1000",
  async measure(contender, { seconds }) {
    // The floor has no streams.
    if (contender.module?.packageName === undefined) return undefined;
    const { client } = await contender.pair();
    const request = { kind: "exchange", messageBytes: 100, streams, messages, seconds } as const;
    const transfer = await client.ask("transfer", request);
    return { messagesPerSecond: transfer.bytes / 100 / transfer.seconds };
  },
};

/** What an open stream costs the server, in processes of their own. */
export const streamMemory: Case = {
  name: "stream-memory",
  fresh: true,
  async measure(contender) {
    if (contender.module?.packageName === undefined) return undefined;
    await using pair = await contender.freshPair();
    await pair.client.ask("connect", {});
    await pair.client.ask("linger", { streams: 20 });
    const before = await pair.server.ask("usage", { collect: true });
    await pair.client.ask("linger", { streams: streams - 50 });
    const after = await pair.server.ask("usage", { collect: true });
    return { kibibytesPerStream: (after.residentBytes - before.residentBytes) / 1024 / (streams - 50) };
  },
};

/** What a call costs when the calls are made over many connections in turn, 64 at a time. For pinwire alone. */
export function manyConnections(connections: number): Case {
  return {
    name: `connections-${connections}`,
    fresh: true,
    async measure(contender, { seconds }) {
      if (!contender.name.startsWith("pinwire")) return undefined;
      await using pair = await contender.freshPair();
      const { client, server } = pair;
      await client.ask("hold", { connections });
      const request = { inFlight: 64, payloadBytes: 100, seconds };
      // Until all is compiled.
      await client.ask("spread", { ...request, seconds: 0.5 });
      const before = await Promise.all([server.ask("usage", {}), client.ask("usage", {})]);
      const { count, seconds: elapsed } = await client.ask("spread", request);
      const after = await Promise.all([server.ask("usage", {}), client.ask("usage", {})]);
      const cpu = (index: 0 | 1) => (after[index].cpuMicroseconds - before[index].cpuMicroseconds) / count;
      return { callsPerSecond: count / elapsed, serverCpuMicroseconds: cpu(0), clientCpuMicroseconds: cpu(1) };
    },
  };
}
