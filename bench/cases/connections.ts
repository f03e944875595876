import type { Case } from "./case.js";

/** How long a new connection takes to the answer of its first call; one after the other. */
export const firstCall: Case = {
  name: "first-call",
  async measure(contender, { seconds }) {
    const { client } = await contender.pair();
    const { p50Ms } = await client.ask("reconnect", { lanes: 1, seconds });
    return { p50Ms };
  },
};

/** How many connections a second come, make one call and go; sixteen at a time. */
export const churn: Case = {
  name: "churn",
  async measure(contender, { seconds }) {
    const { client } = await contender.pair();
    const { count, seconds: elapsed } = await client.ask("reconnect", { lanes: 16, seconds });
    return { connectionsPerSecond: count / elapsed };
  },
};

/** What an idle connection costs the server, in processes of their own: memory once used is rarely given back. */
export const idleMemory: Case = {
  name: "idle-memory",
  fresh: true,
  async measure(contender, { idleConnections: connections }) {
    await using pair = await contender.freshPair();
    await pair.client.ask("hold", { connections: 10 });
    const before = await pair.server.ask("usage", { collect: true });
    await pair.client.ask("hold", { connections });
    const after = await pair.server.ask("usage", { collect: true });
    return { kibibytesPerConnection: (after.residentBytes - before.residentBytes) / 1024 / connections };
  },
};
