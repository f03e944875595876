import type { TransportName } from "../../../src/transport/protocols.js";
import { type GreeterClient, GreeterPair } from "../greeter-pair.js";
import { sentOnce } from "../sent-once.js";
import { type Observed, perform } from "./perform.js";
import type { Limits, Program } from "./program.js";
import { Run, type Seen } from "./run.js";
import { ScriptedGreeter } from "./scripted-greeter.js";

export interface Performed {
  readonly observed: Observed;
  readonly seen: Seen | undefined;
}

/** Servers and clients to run programs on; connections are used again. */
export class Stage {
  readonly #greeter = new ScriptedGreeter();
  readonly #pairs = new Map<number, Promise<GreeterPair>>();
  readonly #clients = new Map<string, GreeterClient>();

  /** All calls of a program on one transport. Rejects when the server or the client breaks the protocol. */
  async run(program: Program, transport: TransportName): Promise<Performed[]> {
    const { limits, fresh, calls } = program;
    const pair = await this.#pair(limits);
    const client = fresh ? this.#newClient(pair, limits, transport) : this.#client(pair, limits, transport);
    const runs = calls.map((plan) => new Run(plan));
    const performing = runs.map((run) => perform(client, run, this.#greeter.add(run)));
    const observed = await soon("a call", performing);
    // Behind everything that these calls have sent: what has not begun by then never will.
    await client.sayHello({ name: "ping" });
    const handlers = runs.map(({ begun, handled }) => (begun ? handled : undefined));
    await soon("a handler", handlers);
    if (fresh) await client.close();
    const violation = pair.log.records.find(({ event }) => event === "protocol violation");
    if (violation !== undefined) throw new Error(`the server accuses the client: ${JSON.stringify(violation)}`);
    return observed.map((each, i) => ({ observed: each, seen: runs[i]?.seen }));
  }

  #pair({ server }: Limits): Promise<GreeterPair> {
    let pair = this.#pairs.get(server);
    if (pair === undefined) {
      const { implementation } = this.#greeter;
      pair = GreeterPair.start({ implementation, server: { maxMessageBytes: server } });
      this.#pairs.set(server, pair);
    }
    return pair;
  }

  #client(pair: GreeterPair, limits: Limits, transport: TransportName): GreeterClient {
    const key = `${transport} ${limits.client} ${limits.server}`;
    const client = this.#clients.get(key) ?? this.#newClient(pair, limits, transport);
    this.#clients.set(key, client);
    return client;
  }

  #newClient(pair: GreeterPair, limits: Limits, transport: TransportName): GreeterClient {
    const maxMessageBytes = limits.client;
    // What one attempt meets is compared; what is tried after it comes by chance.
    return pair.newClient({ transports: [transport], maxMessageBytes, timeoutMs: 60_000, serviceConfig: sentOnce });
  }
}

/** Rejects, and says which, when not all settle in half a minute: the whole program never takes that long. */
async function soon<T>(what: string, promises: readonly T[]): Promise<Awaited<T>[]> {
  const waiting = new Set(promises.keys());
  const watched = promises.map(async (promise, i) => {
    const value = await promise;
    waiting.delete(i);
    return value;
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} never ends: ${[...waiting].join()}`)), 30_000);
  });
  return Promise.race([Promise.all(watched), late]).finally(() => clearTimeout(timer));
}
