import type { Case } from "./case.js";

/** Calls of one request and one response. With one in flight the time of each is measured too. */
export function unary(size: "100b" | "10k", inFlight: number): Case {
  const payloadBytes = { "100b": 100, "10k": 10 * 1024 }[size];
  return {
    name: `unary-${size}-${inFlight}`,
    async measure(contender, { seconds }) {
      const { client, server } = await contender.pair();
      const before = await Promise.all([server.ask("usage", {}), client.ask("usage", {})]);
      const calls = await client.ask("calls", { inFlight, payloadBytes, seconds });
      const after = await Promise.all([server.ask("usage", {}), client.ask("usage", {})]);
      const { count, seconds: elapsed, ...percentiles } = calls;
      const cpu = (index: 0 | 1) => (after[index].cpuMicroseconds - before[index].cpuMicroseconds) / count;
      return {
        callsPerSecond: count / elapsed,
        ...percentiles,
        serverCpuMicroseconds: cpu(0),
        clientCpuMicroseconds: cpu(1),
      };
    },
  };
}

/** Small calls, one at a time, while a stream of 1 MiB messages runs on the same connection. */
export const besideStream: Case = {
  name: "beside-stream",
  async measure(contender, { seconds }) {
    const { client } = await contender.pair();
    const request = { inFlight: 1, payloadBytes: 100, besideBytes: 1024 * 1024, seconds };
    const { p50Ms = Number.NaN, p99Ms = Number.NaN } = await client.ask("calls", request);
    return { p50Ms, p99Ms };
  },
};
