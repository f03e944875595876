import { describe, expect, it } from "vitest";
import { RetryInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { EventLoopDelay, lateSamples, sampleEveryMs } from "../../src/interceptors/event-loop-delay.js";
import { loadShedding } from "../../src/interceptors/load-shedding.js";
import { methodContract } from "../../src/rpc/method-contract.js";
import { Status } from "../../src/status.js";
import { collect, failure, signalled } from "../helpers/collect.js";
import { FakeClock } from "../helpers/fake-clock.js";
import { GreeterPair } from "../helpers/greeter-pair.js";

function delays(thresholdMs = 100) {
  const clock = new FakeClock();
  return { clock, delay: new EventLoopDelay(thresholdMs, clock) };
}

describe("the delay of the event loop", () => {
  it("is overload when every one of the last samples is late", () => {
    const { clock, delay } = delays();
    const seen = [delay.isOverloaded()];
    for (let i = 0; i < lateSamples; i++) {
      clock.pass(sampleEveryMs + 101);
      seen.push(delay.isOverloaded());
    }
    expect(seen).toEqual([false, false, false, false, true]);
    clock.pass(sampleEveryMs + 100);
    expect(delay.isOverloaded()).toBe(false);
  });

  it("is no overload when one pause was long", () => {
    const { clock, delay } = delays();
    delay.isOverloaded();
    clock.pass(sampleEveryMs + 60_000);
    expect(delay.isOverloaded()).toBe(false);
  });

  it("is not measured before the first call, nor when calls have ceased", () => {
    const { clock, delay } = delays();
    expect(clock.waiting).toBe(0);
    delay.isOverloaded();
    clock.pass(sampleEveryMs + 0);
    expect(clock.waiting).toBe(1);
    clock.pass(sampleEveryMs + 0);
    expect(clock.waiting).toBe(0);
    delay.isOverloaded();
    expect(clock.waiting).toBe(1);
    delay[Symbol.dispose]();
    expect(clock.waiting).toBe(0);
  });

  it("is measured on until it is over, also when nobody dares to call any more", () => {
    const { clock, delay } = delays();
    delay.isOverloaded();
    for (let i = 0; i < lateSamples; i++) clock.pass(sampleEveryMs + 101);
    clock.pass(sampleEveryMs + 101);
    expect(clock.waiting).toBe(1);
    clock.pass(sampleEveryMs + 0);
    expect(delay.isOverloaded()).toBe(false);
  });
});

describe("a server that is overloaded", () => {
  it("refuses new calls, finishes those under way, and serves again afterwards", async () => {
    let overloaded = false;
    const proceed = signalled();
    const begun = signalled();
    const { client, log } = await GreeterPair.start({
      server: { limits: { isOverloaded: () => overloaded } },
      implementation: {
        async *sayManyHellos() {
          yield { greeting: "first" };
          begun.resolve();
          await proceed.promise;
          yield { greeting: "last" };
        },
      },
    });
    const underWay = collect(client.sayManyHellos({ name: "x" }));
    await begun.promise;
    overloaded = true;
    const error = await failure(client.collectHellos([]));
    expect(error).toMatchObject({ status: Status.UNAVAILABLE, code: "ERR_RPC_UNAVAILABLE" });
    expect(error.rawMessage).toMatch(/^the server is overloaded, try again later \(reference [0-9a-f]{12}\)$/);
    expect(error.findDetails(RetryInfoSchema)).toMatchObject([{ retryDelay: { seconds: 1n, nanos: 0 } }]);
    expect(await log.find(({ code }) => code === "ERR_OVERLOADED")).toMatchObject({ status: "UNAVAILABLE" });
    proceed.resolve();
    expect(await underWay).toHaveLength(2);
    overloaded = false;
    await client.sayHello({ name: "x" });
  });

  it("drains as ever", async () => {
    const { server, client } = await GreeterPair.start({ server: { limits: { isOverloaded: () => true } } });
    await failure(client.collectHellos([]));
    await server.drain();
  });

  it("still says whether it is healthy", () => {
    const contract = methodContract(GreeterService.method.sayHello);
    expect(loadShedding({ ...contract, name: "grpc.health.v1.Health/Check" }, () => true)).toBeUndefined();
    expect(loadShedding({ ...contract, name: "grpc.health.v1.HealthX/Check" }, () => true)).toBeDefined();
    expect(loadShedding(undefined, () => true)).toBeDefined();
  });

  it("contains an isOverloaded() that throws", async () => {
    const isOverloaded = () => {
      throw new Error("swordfish");
    };
    const { client, log } = await GreeterPair.start({ server: { limits: { isOverloaded } } });
    const error = await failure(client.collectHellos([]));
    expect(error.rawMessage).toMatch(/^internal error \(reference [0-9a-f]{12}\)$/);
    await log.find(({ code }) => code === "ERR_HANDLER_FAILED");
  });
});
