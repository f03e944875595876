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
