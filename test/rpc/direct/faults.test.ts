// Connections that break, stall or crawl: each call has one end, in time, and the next call is served.
import { describe, expect, it } from "vitest";
import { RpcError } from "../../../src/errors.js";
import { Status } from "../../../src/status.js";
import { failure, signalled } from "../../helpers/collect.js";
import { Counts, countedCalls, countedGreeter } from "../../helpers/counted-greeter.js";
import { GreeterPair } from "../../helpers/greeter-pair.js";
import { lowClient } from "../../helpers/low-calls.js";
import { type Direction, directions, Relay } from "../../helpers/relay.js";
import { pathOf } from "../../helpers/servers.js";

type GreeterClient = GreeterPair["client"];

/** Calls of all kinds at once, one of them large enough for several frames. */
function program(client: GreeterClient): Promise<PromiseSettledResult<unknown>[]> {
  const large = "x".repeat(140_000);
  return Promise.allSettled([
    ...countedCalls.map((call, i) => call(client, `kind ${i}`)),
    client.sayHello({ name: large }).then(({ greeting }) => expect(greeting).toBe(large)),
  ]);
}

/** What passes while the program runs undisturbed. */
async function recorded(relay: Relay, client: GreeterClient): Promise<Record<Direction, Buffer>> {
  expect((await program(client)).map(({ status }) => status)).toEqual(Array(5).fill("fulfilled"));
  const line = await relay.lines.next();
  return line.recording();
}

/** Every place where a unit begins, just before it, in the middle of its header and just after that. */
function placesAround(boundaries: readonly number[], headerBytes: number): number[] {
  const places = boundaries.flatMap((at) => [at - 1, at, at + Math.floor(headerBytes / 2), at + headerBytes]);
  return [...new Set(places)].filter((at) => at >= 0).sort((a, b) => a - b);
}

/** Where units begin that say their length in their header. */
function boundariesOf(bytes: Buffer, headerBytes: number, lengthAt: (at: number) => number): number[] {
  const boundaries: number[] = [];
  for (let at = 0; at + headerBytes <= bytes.length; at += headerBytes + lengthAt(at)) boundaries.push(at);
  return [...boundaries, bytes.length];
}

/** The program ends on a connection that is cut at a place; the client goes on with another. */
async function expectSurvival(pair: GreeterPair, relay: Relay, direction: Direction, place: number): Promise<void> {
  let lines = 0;
  relay.onLine = (line) => {
    if (lines++ === 0) line.cutAfter(direction, place);
  };
  const client = pair.newClient({ target: relay.target });
  for (const outcome of await program(client)) {
    if (outcome.status === "fulfilled") continue;
    const error: unknown = outcome.reason;
    if (!(error instanceof RpcError)) throw error;
    expect(error).toMatchObject({ status: Status.UNAVAILABLE });
    expect(["ERR_CONNECTION_LOST", "ERR_HANDSHAKE_FAILED"]).toContain(error.code);
  }
  await nextSuccess(client);
  await client.close();
}

/** After a failure to connect calls fail at once for a moment. */
async function nextSuccess(client: GreeterClient): Promise<void> {
  while ((await client.sayHello({ name: "again" }).catch(() => undefined)) === undefined)
    await new Promise((resolve) => setImmediate(resolve));
}

/** Nobody is left waiting for a caller, and nobody is accused. */
async function expectQuiet({ log, server }: GreeterPair, counts: Counts): Promise<void> {
  await server.drain();
  expect(counts.open).toBe(0);
  expect(log.records.filter(({ event }) => event === "protocol violation")).toEqual([]);
}

describe("a connection that is cut", () => {
  for (const direction of directions) {
    it(`around every frame, on its way ${direction}`, { timeout: 120_000 }, async () => {
      const counts = new Counts();
      const pair = await GreeterPair.start({ implementation: countedGreeter(counts) });
      const relay = await Relay.startInside(pathOf(pair), pair.world, { record: true });
      const bytes = (await recorded(relay, pair.newClient({ target: relay.target })))[direction];
      const boundaries = boundariesOf(bytes, 10, (at) => bytes.readUInt32BE(at));
      expect(boundaries.length).toBeGreaterThan(12);
      for (const place of placesAround(boundaries, 10)) await expectSurvival(pair, relay, direction, place);
      await expectQuiet(pair, counts);
    });

    it(`around every TLS record, on its way ${direction}`, { timeout: 120_000 }, async () => {
      const counts = new Counts();
      const pair = await GreeterPair.start({ implementation: countedGreeter(counts) });
      const relay = await Relay.start(pathOf(pair), { record: true });
      const bytes = (await recorded(relay, pair.newClient({ target: relay.target })))[direction];
      const boundaries = boundariesOf(bytes, 5, (at) => bytes.readUInt16BE(at + 3));
      expect(boundaries.length).toBeGreaterThan(10);
      for (const place of placesAround(boundaries, 5)) await expectSurvival(pair, relay, direction, place);
      await expectQuiet(pair, counts);
    });
  }
});

describe("a connection that delivers byte by byte", () => {
  it("carries every kind of call", { timeout: 60_000 }, async () => {
    const counts = new Counts();
    const pair = await GreeterPair.start({ implementation: countedGreeter(counts) });
    const relay = await Relay.startInside(pathOf(pair), pair.world, {
      onLine: (line) => {
        line.byteWise = true;
      },
    });
    const client = pair.newClient({ target: relay.target, timeoutMs: 50_000 });
    await Promise.all(countedCalls.map((call, i) => call(client, `kind ${i}`)));
    const long = "x".repeat(1_500);
    expect((await client.sayHello({ name: long })).greeting).toBe(long);
    await expectQuiet(pair, counts);
  });
});

describe("a connection that is half open", () => {
  const impatient = { keepaliveTimeMs: 50, keepaliveTimeoutMs: 50 };

  for (const transports of [["direct"], ["h2"]] as const) {
    it(`is given up by its client when nothing comes back, on ${transports}`, async () => {
      const began = signalled();
      const pair = await GreeterPair.start({
        implementation: {
          sayHello: ({ name }) => {
            if (name !== "hang") return { greeting: name };
            began.resolve();
            return new Promise(() => {});
          },
        },
      });
      const relay = await Relay.start(pathOf(pair));
      const credentials = pair.clientCredentials;
      const client = lowClient({ credentials, target: relay.target, transports, ...impatient });
      const hanging = failure(client.sayHello("hang", 60_000));
      await began.promise;
      (await relay.lines.next()).hold(...directions);
      expect(await hanging).toMatchObject({ status: Status.UNAVAILABLE, code: "ERR_CONNECTION_LOST" });
      expect(await client.sayHello("again")).toBe("again");
    });
  }

  it("is kept while its peer answers, however long a call takes", async () => {
    const proceed = signalled();
    const pair = await GreeterPair.start({
      implementation: {
        sayHello: async ({ name }) => {
          await proceed.promise;
          return { greeting: name };
        },
      },
    });
    let answers = 0;
    const relay = await Relay.startInside(pathOf(pair), pair.world, {
      onLine: (line) => {
        line.onBytes = (direction, bytes) => {
          const isPingAnswer = bytes.length === 18 && bytes[4] === 8 && bytes[5] === 1;
          if (direction === "toClient" && isPingAnswer && ++answers === 5) proceed.resolve();
        };
      },
    });
    const credentials = pair.clientCredentials;
    const client = lowClient({ credentials, target: relay.target, keepaliveTimeMs: 20, keepaliveTimeoutMs: 10_000 });
    expect(await client.sayHello("patience", 60_000)).toBe("patience");
    expect(relay.lines.all).toHaveLength(1);
  });
});
