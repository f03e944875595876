/** What can be measured. */
export const metrics = {
  callsPerSecond: { title: "calls per second", better: "more", digits: 0 },
  megabytesPerSecond: { title: "MB of payload per second", better: "more", digits: 0 },
  connectionsPerSecond: { title: "connections per second", better: "more", digits: 0 },
  p50Ms: { title: "p50, ms", better: "less", digits: 3 },
  p99Ms: { title: "p99, ms", better: "less", digits: 3 },
  p999Ms: { title: "p99.9, ms", better: "less", digits: 3 },
  serverCpuMicroseconds: { title: "CPU of the server per call, µs", better: "less", digits: 1 },
  clientCpuMicroseconds: { title: "CPU of the client per call, µs", better: "less", digits: 1 },
  kibibytesPerConnection: { title: "memory of the server per idle connection, KiB", better: "less", digits: 1 },
  messagesPerSecond: { title: "messages per second, there and back", better: "more", digits: 0 },
  kibibytesPerStream: { title: "memory of the server per open stream, KiB", better: "less", digits: 1 },
  importMs: { title: "import of the package, ms", better: "less", digits: 1 },
  firstCallMs: { title: "from the start of the process to the first answer, ms", better: "less", digits: 0 },
} as const satisfies Record<string, { title: string; better: "more" | "less"; digits: number }>;

export type Metric = keyof typeof metrics;

export const metricNames = Object.keys(metrics) as readonly Metric[];

export type Measurement = { readonly [M in Metric]?: number };
