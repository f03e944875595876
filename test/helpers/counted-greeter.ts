import { collect } from "./collect.js";
import type { Greeter, GreeterClient } from "./greeter-pair.js";

/** How often a handler was begun for each name. Requests of a stream all carry the name of their call. */
export class Counts {
  readonly begun = new Map<string, number>();
  /** Handlers that have not ended. */
  open = 0;

  count(name: string): void {
    this.begun.set(name, (this.begun.get(name) ?? 0) + 1);
  }

  /** Counts as open until disposed of. */
  enter(): Disposable {
    this.open += 1;
    return {
      [Symbol.dispose]: () => {
        this.open -= 1;
      },
    };
  }
}

/** A greeter that counts; streams are as long as `streamLength`. */
export function countedGreeter(counts: Counts): Greeter {
  return {
    sayHello: ({ name }) => {
      counts.count(name);
      return { greeting: name };
    },
    async *sayManyHellos({ name, count }) {
      using _ = counts.enter();
      counts.count(name);
      for (let i = 0; i < count; i++) yield { greeting: `${name} ${i}` };
    },
    async collectHellos(requests) {
      using _ = counts.enter();
      const names = (await collect(requests)).map(({ name }) => name);
      counts.count(names[0] ?? "");
      return { greeting: names.join(" "), count: names.length };
    },
    async *chat(requests) {
      using _ = counts.enter();
      let first = true;
      for await (const { name } of requests) {
        if (first) counts.count(name);
        first = false;
        yield { greeting: name };
      }
    },
  };
}

export const streamLength = 3;

/** A call of each kind, by name. Each rejects unless the answer is whole and right. */
export const countedCalls: readonly ((client: GreeterClient, name: string) => Promise<void>)[] = [
  async (client, name) => same((await client.sayHello({ name })).greeting, name),
  async (client, name) => {
    const responses = await collect(client.sayManyHellos({ name, count: streamLength }));
    same(responses.map(({ greeting }) => greeting).join(), `${name} 0,${name} 1,${name} 2`);
  },
  async (client, name) => same((await client.collectHellos(requests(name))).greeting, `${name} ${name} ${name}`),
  async (client, name) => {
    const responses = await collect(client.chat(requests(name)));
    same(responses.map(({ greeting }) => greeting).join(), `${name},${name},${name}`);
  },
];

async function* requests(name: string) {
  for (let i = 0; i < streamLength; i++) {
    yield { name };
    // A stream that takes several turns, so that something may happen in its midst.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function same(actual: string, expected: string): void {
  if (actual !== expected) throw new Error(`the answer is ${actual}, not ${expected}`);
}

/** Calls of all kinds on a client until told to stop. */
export class Load {
  calls = 0;
  #stopped = false;
  readonly #loops: readonly Promise<void>[];

  constructor(client: GreeterClient, parallel = 8) {
    this.#loops = Array.from({ length: parallel }, (_, i) => this.#loop(client, i));
  }

  /** Until so many more calls have ended. Rejects when one has failed. */
  async more(calls: number): Promise<void> {
    const goal = this.calls + calls;
    const failed = Promise.race(this.#loops);
    while (this.calls < goal) await Promise.race([failed, new Promise((resolve) => setImmediate(resolve))]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  async #loop(client: GreeterClient, loop: number): Promise<void> {
    for (let i = 0; !this.#stopped; i++) {
      await countedCalls[(i + loop) % countedCalls.length]?.(client, `${loop}/${i}`);
      this.calls += 1;
    }
  }
}
