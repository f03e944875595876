// TOK-14: the limit is of an identity: ten connections share it, others are unaffected, and no clock that somebody sets
// fills or locks it.
import { afterEach, describe, expect, it, vi } from "vitest";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow } from "../../src/interceptors/policy.js";
import { RateLimit } from "../../src/interceptors/rate-limit.js";
import { CallRefused } from "../../src/rpc/call-refused.js";
import type { ServerCall } from "../../src/rpc/server-call.js";
import { Status } from "../../src/status.js";
import { type GreeterClient, GreeterPair, testTransport } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";
import { framed, RawH2Client } from "../helpers/raw-h2-client.js";
import { thrown } from "../helpers/thrown.js";

const otherId = "spiffe://local.test/other";
const burst = 20;

/** So slow that no test lives to see another token. */
const callsPerSecond = { perSecond: 1 / 3_600, burst };

afterEach(() => void vi.useRealTimers());

async function start() {
  return GreeterPair.start({
    server: { policy: [allow(GreeterService, clientId, otherId)], limits: { callsPerSecond } },
  });
}

async function statuses(clients: readonly GreeterClient[], callsEach: number): Promise<Status[]> {
  const calls = clients.flatMap((client) => Array.from({ length: callsEach }, () => client.sayHello({ name: "x" })));
  const results = await Promise.allSettled(calls);
  return results.map((result) => (result.status === "fulfilled" ? Status.OK : result.reason.status));
}

function count(all: readonly Status[], status: Status): number {
  return all.filter((each) => each === status).length;
}

describe("TOK-14: the rate of an identity", () => {
  for (const transport of ["direct", "h2"] as const) {
    it(`is shared by ten connections over ${transport}; other identities have their own`, async () => {
      const pair = await start();
      const other = pair.strangerClient(otherId);
      const clients = Array.from({ length: 10 }, () => pair.newClient({ transports: [transport] }));
      const all = await statuses(clients, 5);
      expect(count(all, Status.OK)).toBe(burst);
      expect(count(all, Status.RESOURCE_EXHAUSTED)).toBe(30);
      expect(await statuses([other], burst)).toEqual(Array(burst).fill(Status.OK));
    });
  }

  it("does not come back with a new connection", async () => {
    const pair = await start();
    await statuses([pair.client], burst);
    for (let i = 0; i < 3; i++) {
      const client = pair.newClient();
      expect(await statuses([client], 1)).toEqual([Status.RESOURCE_EXHAUSTED]);
      await client.close();
    }
  });

  it("is not blocked for ever, nor filled, by a clock that jumps", async () => {
    const pair = await start();
    await statuses([pair.client], 1);
    vi.useFakeTimers({ toFake: ["Date"] });
    const now = Date.now();
    vi.setSystemTime(now - 10_000);
    expect(count(await statuses([pair.client], 1), Status.OK)).toBe(1);
    vi.setSystemTime(now + 10_000);
    const all = await statuses([pair.client], burst);
    expect(count(all, Status.OK)).toBe(burst - 2);
  });

  it("holds for any number of names a peer invents, in one bucket", async () => {
    const pair = await GreeterPair.start({
      server: { limits: { callsPerSecondPerMethod: { perSecond: 1 / 3_600, burst: 5 } } },
    });
    const raw = await RawH2Client.of(pair);
    const answers: (number | undefined)[] = [];
    for (let i = 0; i < 20; i++) {
      answers.push(
        (await raw.call({ ":path": `/hello.v1.GreeterService/Invented${i}` }, framed(Buffer.alloc(0)))).status,
      );
    }
    expect(answers).toEqual([...Array(5).fill(Status.UNIMPLEMENTED), ...Array(15).fill(Status.RESOURCE_EXHAUSTED)]);
    // What is served has buckets of its own.
    await pair.newClient({ transports: [testTransport] }).sayHello({ name: "x" });
  });
});

describe("TOK-14: the table of identities", () => {
  it("gives nobody a full bucket for having been pushed out", () => {
    let now = 0;
    const stage = new RateLimit({ perSecond: 1, burst: 2 }, () => now).stage();
    const call = (id: string) =>
      stage?.({ peer: { id }, startedAt: now } as unknown as ServerCall, () => Promise.resolve());
    const refused = (id: string) => thrown(CallRefused, () => call(id));
    call("a");
    call("a");
    expect(refused("a")).toMatchObject({ code: "ERR_RATE_LIMITED", retryAfterMs: 1_000 });
    // Each of 10,000 others takes a token, so none of them is at rest.
    let others = 0;
    for (let i = 0; i < 10_000; i++) {
      try {
        void call(`other ${i}`);
        others += 1;
      } catch {
        // Those for whom there is no room share one bucket.
      }
    }
    expect(others).toBe(4_095 + 2);
    expect(refused("a")).toMatchObject({ code: "ERR_RATE_LIMITED" });
    // When they have rested, there is room again.
    now = 10_000;
    void call("late");
    void call("late");
    expect(refused("late")).toMatchObject({ code: "ERR_RATE_LIMITED" });
    void call("a");
  });
});
