import { describe, expect, it } from "vitest";
import { createClient } from "../../src/client/client.js";
import { RpcError } from "../../src/errors.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { Status } from "../../src/status.js";
import { collect, failure, signalled } from "../helpers/collect.js";
import { GreeterPair, type PairOptions, testTransport } from "../helpers/greeter-pair.js";
import { serverId } from "../helpers/identities.js";

/** A channel to a server that fails as often as it is told to. */
async function channelTo(options: PairOptions = {}, more: object = {}) {
  const pair = await GreeterPair.start(options);
  const channel = pair.newChannel(more);
  return { pair, channel, client: createClient(GreeterService, channel, { timeoutMs: 10_000 }) };
}

const retried = {
  serviceConfig: {
    methodConfig: [
      {
        name: [{ service: GreeterService.typeName, method: "SayHello" }],
        retryPolicy: {
          ...{ maxAttempts: 3, initialBackoffMs: 1, maxBackoffMs: 2, backoffMultiplier: 2 },
          retryableStatusCodes: ["UNAVAILABLE"],
        },
      },
    ],
  },
};

describe("channel.stats()", () => {
  it("says what its clients did: by method and status, with attempts, bytes and latencies", async () => {
    let times = 0;
    const sayHello = ({ name }: { name: string }) => {
      times += 1;
      if (name === "absent") throw new RpcError(Status.NOT_FOUND, "no such name");
      if (times % 2 === 1) throw new RpcError(Status.UNAVAILABLE, "come again");
      return { greeting: name };
    };
    const { pair, channel, client } = await channelTo({ implementation: { sayHello } }, retried);
    for (let n = 0; n < 3; n++) await client.sayHello({ name: "Ada" });
    await failure(client.sayHello({ name: "absent" }));
    await collect(client.sayManyHellos({ name: "Ada", count: 4 }));
    const stats = channel.stats();
    expect(stats).toMatchObject({
      target: pair.target,
      peer: serverId,
      connection: "connected",
      transport: testTransport,
      callsUnderWay: 0,
      breaker: undefined,
      retryTokens: 97.4,
      certificateExpires: pair.clientCredentials.current().svid.notAfter.getTime(),
    });
    expect(stats.methods).toMatchObject([
      {
        method: "/hello.v1.GreeterService/SayHello",
        calls: 4,
        attempts: 7,
        byStatus: { OK: 3, NOT_FOUND: 1 },
        requestBytes: 3 * 5 + 8,
        responseBytes: 3 * 5,
      },
      { method: "/hello.v1.GreeterService/SayManyHellos", calls: 1, attempts: 1, byStatus: { OK: 1 } },
    ]);
    const [{ latencyMs }] = stats.methods as [(typeof stats.methods)[0]];
    expect(latencyMs.max).toBeGreaterThan(0);
    expect(latencyMs.p50).toBeLessThanOrEqual(latencyMs.max);
  });

  it("is there before the first call and after the end, and shows the calls under way", async () => {
    const begun = signalled();
    const goOn = signalled();
    const { channel, client } = await channelTo({
      implementation: {
        sayHello: async () => {
          begun.resolve();
          await goOn.promise;
          return {};
        },
      },
    });
    expect(channel.stats()).toMatchObject({ connection: "idle", transport: undefined, callsUnderWay: 0, methods: [] });
    const call = client.sayHello({ name: "Ada" });
    await begun.promise;
    expect(channel.stats()).toMatchObject({ connection: "connected", callsUnderWay: 1, methods: [] });
    goOn.resolve();
    await call;
    await channel.close();
    expect(channel.stats()).toMatchObject({ connection: "closed", callsUnderWay: 0, methods: [{ calls: 1 }] });
  });

  it("shows a server that is not there, and calls that were never sent", async () => {
    const { pair, channel, client } = await channelTo({}, { circuitBreaker: { minCalls: 1, failureRatio: 1 } });
    await pair.server.close();
    expect((await failure(client.collectHellos([]))).code).toBe("ERR_NO_SOCKET");
    expect((await failure(client.collectHellos([]))).code).toBe("ERR_CIRCUIT_OPEN");
    expect(channel.stats()).toMatchObject({
      connection: "waiting",
      breaker: "open",
      methods: [{ calls: 2, attempts: 1, byStatus: { UNAVAILABLE: 2 } }],
    });
  });
});
