// Why: retries must not finish what a crash began. A thousand clients, each with a connection of its own, call a server once a
// second; it is killed, is away for some seconds, and comes back. What they send is counted in steps of 100 ms: how much the
// retries add while nobody answers, and whether the clients come back together. Run once with the default policy, once with
// waitForReady. All clients are in one process, so their handshakes share one core: how fast they are served again is this
// machine's figure, that they do not come in a wave is not. It would miss what only many machines bring out; there are none.
import { type ChildProcess, fork } from "node:child_process";
import diagnostics from "node:diagnostics_channel";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { makePlaces } from "../bench/make-places.js";
import type { Place } from "../bench/place.js";
import { type Channel, createChannel } from "../src/client/channel.js";
import { createClient } from "../src/client/client.js";
import { loadCredentials } from "../src/credentials/load-credentials.js";
import { defaults } from "../src/defaults.js";
import { RpcError } from "../src/errors.js";
import { GreeterService } from "../src/gen/hello/v1/greeter_pb.js";
import { allow } from "../src/interceptors/policy.js";
import { createServer } from "../src/server/server.js";

const clients = Number(process.env.PINWIRE_CLIENTS ?? 1_000);
const stepMs = 100;
const upMs = 3_000;
const downMs = 4_000;
/** A thousand handshakes on one core take longer than one has by default. */
const handshakeTimeoutMs = 30_000;
/** The clients have so long to be served again. */
const backMs = 60_000;
const callEveryMs = 1_000;
const ignore = () => {};
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** Counts in steps of time, from `begin()` on. */
class Counter {
  readonly steps: number[] = [];
  readonly #startedAt: () => number;

  constructor(startedAt: () => number) {
    this.#startedAt = startedAt;
  }

  count(): void {
    const step = Math.floor((performance.now() - this.#startedAt()) / stepMs);
    if (step >= 0) this.steps[step] = (this.steps[step] ?? 0) + 1;
  }

  between(fromMs: number, toMs: number): number[] {
    return Array.from({ length: (toMs - fromMs) / stepMs }, (_, i) => this.steps[fromMs / stepMs + i] ?? 0);
  }
}

if (process.argv[2] !== undefined) await serve(JSON.parse(process.argv[2]));
else {
  await using places = await makePlaces();
  await storm("the default policy", places.next(), {});
  await storm("waitForReady", places.next(), { waitForReady: true });
}

async function serve({ socketPath, server, client }: Place): Promise<void> {
  const limits = { maxConnections: clients * 2, maxConnectionsPerPeer: clients * 2, handshakeTimeoutMs };
  const credentials = await loadCredentials(server.directory, { watch: false });
  const greeter = createServer({ credentials, policy: [allow(GreeterService, client.id)], logger: silent, ...limits });
  greeter.service(GreeterService, {
    sayHello: ({ name }) => ({ greeting: name }),
    async *sayManyHellos() {},
    collectHellos: () => ({}),
    async *chat() {},
  });
  await greeter.listen(`unix:${socketPath}`);
  process.on("disconnect", () => process.exit());
  process.send?.("listening");
}

async function start(place: Place): Promise<ChildProcess> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(place)]);
  await once(child, "message");
  return child;
}

async function storm(name: string, place: Place, options: { waitForReady?: boolean }): Promise<void> {
  let startedAt = Number.POSITIVE_INFINITY;
  const counter = () => new Counter(() => startedAt);
  const [calls, attempts, connects, answers] = [counter(), counter(), counter(), counter()];
  let worst = 0;
  let backAt = Number.POSITIVE_INFINITY;
  let served = 0;
  let servedAt: number | undefined;
  const connected = () => connects.count();
  diagnostics.subscribe("net.client.socket", connected);
  let server = await start(place);
  const credentials = await loadCredentials(place.client.directory, { watch: false });
  const channels = Array.from({ length: clients }, () =>
    createChannel({
      target: `unix:${place.socketPath}`,
      credentials,
      peer: place.server.id,
      transports: ["direct"],
      logger: silent,
      handshakeTimeoutMs,
    }),
  );
  for (const channel of channels) await countAttempts(channel, attempts);
  const callers = channels.map((channel) => createClient(GreeterService, channel, { timeoutMs: 20_000 }));
  for (const caller of callers) await caller.sayHello({ name: "x" });

  startedAt = performance.now();
  let stopped = false;
  const loops = callers.map((caller) => {
    let again = false;
    return callOnAndOn(
      async () => {
        calls.count();
        try {
          await caller.sayHello({ name: "x" }, options);
          answers.count();
          if (!again && performance.now() > backAt) {
            again = true;
            served += 1;
            if (served === Math.ceil(clients * 0.99)) servedAt = performance.now();
          }
        } catch (error) {
          if (error instanceof RpcError) worst = Math.max(worst, error.attempts ?? 0);
        }
      },
      () => stopped,
    );
  });
  await until(startedAt + upMs);
  server.kill("SIGKILL");
  await once(server, "exit");
  await until(startedAt + upMs + downMs);
  server = await start(place);
  backAt = performance.now();
  while (servedAt === undefined && performance.now() < backAt + backMs) await until(performance.now() + stepMs);
  await until(performance.now() + 1_000);
  stopped = true;
  const wholeSteps = (moment: number) => Math.ceil((moment - startedAt) / stepMs) * stepMs;
  const times = {
    backMs: wholeSteps(backAt),
    endMs: wholeSteps(performance.now()),
    servedAfterMs: (servedAt ?? Number.NaN) - backAt,
    waits: options.waitForReady ?? false,
  };
  report(name, { calls, attempts, connects, answers }, times, worst);
  await Promise.all(channels.map((channel) => channel.close()));
  await Promise.all(loops);
  diagnostics.unsubscribe("net.client.socket", connected);
  server.kill("SIGKILL");
  await rm(place.socketPath, { force: true });
}

/** Each attempt of a call comes by here, and nothing else does. */
async function countAttempts(channel: Channel, attempts: Counter): Promise<void> {
  const { transport } = await channel.connection;
  const open = transport.open.bind(transport);
  Object.assign(transport, {
    open: (...call: Parameters<typeof open>) => {
      attempts.count();
      return open(...call);
    },
  });
}

async function callOnAndOn(call: () => Promise<void>, stopped: () => boolean): Promise<void> {
  await until(performance.now() + Math.random() * callEveryMs);
  while (!stopped()) {
    const next = performance.now() + callEveryMs;
    await call();
    await until(next);
  }
}

async function until(moment: number): Promise<void> {
  const ms = moment - performance.now();
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}

type Counters = Record<"calls" | "attempts" | "connects" | "answers", Counter>;

/** What happened when, and how. */
interface Times {
  /** Since the beginning. */
  readonly backMs: number;
  readonly endMs: number;
  /** Until 99 % of the clients had an answer again; NaN when they did not. */
  readonly servedAfterMs: number;
  /** Whether the calls wait for a connection. */
  readonly waits: boolean;
}

function report(name: string, counters: Counters, { backMs, endMs, servedAfterMs, waits }: Times, worst: number): void {
  const { calls, attempts, connects, answers } = counters;
  const returning = connects.between(backMs, endMs);
  console.log(`\n${name}: ${clients} clients, a call a second each; away for ${(backMs - upMs) / 1_000} s`);
  console.log(
    `while away: ${whileAway(sum(calls.between(upMs, backMs)), sum(attempts.between(upMs, backMs)), worst, waits)}`,
  );
  console.log(`connects after the return: ${sum(returning)}, at most ${Math.max(...returning)} in ${stepMs} ms`);
  console.log(`99 % of the clients were served again ${Math.round(servedAfterMs)} ms after the return`);
  console.log("        calls attempts connects answers, each 100 ms:");
  for (let at = upMs - 500; at < Math.min(backMs + 5_000, endMs); at += stepMs) {
    const row = [calls, attempts, connects, answers].map((each) =>
      String(sum(each.between(at, at + stepMs))).padStart(8),
    );
    const what = at === upMs ? " killed" : at === backMs ? " back" : "";
    console.log(`${String(at - upMs).padStart(6)} ${row.join("")}${what}`);
  }
}

/** A call that waits for a connection looks for one again and again, and sends nothing. */
function whileAway(calls: number, attempts: number, worst: number, waits: boolean): string {
  if (waits) return `${calls} calls, none of them sent; ${attempts} looks for a connection`;
  const budget = Math.min(calls * defaults.retryMaxAttempts, calls + (clients * defaults.retryMaxTokens) / 2);
  return `${calls} calls, ${attempts} attempts (budget ${budget}), at most ${worst} for one call`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
