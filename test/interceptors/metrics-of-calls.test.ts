import { create } from "@bufbuild/protobuf";
import { MethodDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import {
  AggregationTemporality,
  type DataPoint,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Client, createClient } from "../../src/client/client.js";
import type { ServiceConfig } from "../../src/client/service-config.js";
import { RpcError } from "../../src/errors.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow, deny } from "../../src/interceptors/policy.js";
import type { HandlerContext } from "../../src/rpc/call-context.js";
import { Status, statusName } from "../../src/status.js";
import { collect, failure, signalled } from "../helpers/collect.js";
import { GreeterPair, testTransport } from "../helpers/greeter-pair.js";
import { clientId, serverId } from "../helpers/identities.js";
import { serviceOf } from "../helpers/schema.js";
import { CollectedTelemetry, metricRoutes, type Series } from "../helpers/telemetry.js";
import { issue, tempIssuer } from "../helpers/tokens.js";
import { withPolicy } from "../helpers/with-policy.js";

const attempts = { initialBackoffMs: 1, maxBackoffMs: 2, backoffMultiplier: 2 };
const serviceConfig: ServiceConfig = {
  methodConfig: [
    {
      name: [{ service: GreeterService, method: "SayHello" }],
      retryPolicy: { maxAttempts: 3, ...attempts, retryableStatusCodes: ["UNAVAILABLE"] },
    },
    {
      name: [{ service: GreeterService, method: "SayManyHellos" }],
      hedgingPolicy: { maxAttempts: 3, hedgingDelayMs: 0 },
    },
  ],
};

const attemptOf = ({ requestMetadata }: HandlerContext) =>
  Number(requestMetadata.get("grpc-previous-rpc-attempts") ?? 0);

const untilAborted = ({ signal }: HandlerContext) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

/** How often each status occurs, of all methods. */
function byStatus(series: readonly Series[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { attributes, count } of series) {
    const status = String(attributes["grpc.status"]);
    counts[status] = (counts[status] ?? 0) + count;
  }
  return counts;
}

const sum = (series: readonly Series[]) => series.reduce((total, { value }) => total + value, 0);

type UnaryCall = (request: object) => Promise<unknown>;

/** A call that its caller leaves once it is being worked on. */
async function leave(call: (signal: AbortSignal) => Promise<unknown>, begun: Promise<unknown>): Promise<RpcError> {
  const leaving = new AbortController();
  const left = failure(call(leaving.signal));
  await begun;
  leaving.abort();
  return left;
}

describe.each(metricRoutes)("metrics by a %s", (route) => {
  it("are what the clients counted, whichever way calls end: served, refused, left, late, sent again, hedged", async () => {
    const telemetry = new CollectedTelemetry(route);
    let [working, allHedged, hedges] = [signalled(), signalled(), 0];
    const pair = await GreeterPair.start({
      server: {
        openTelemetry: telemetry.option,
        policy: [allow(GreeterService, clientId), deny(GreeterService.method.collectHellos, clientId)],
      },
      client: { openTelemetry: telemetry.option, serviceConfig },
      implementation: {
        sayHello: ({ name }, context) => {
          if (name === "again" && attemptOf(context) < 2) throw new RpcError(Status.UNAVAILABLE, "not yet");
          if (name !== "wait") return { greeting: name };
          working.resolve();
          return untilAborted(context);
        },
        async *sayManyHellos(_, context) {
          hedges += 1;
          if (hedges % 3 === 0) allHedged.resolve();
          if (attemptOf(context) !== 1) await untilAborted(context);
          await allHedged.promise;
          yield { greeting: "hedged" };
        },
      },
    });
    const { client } = pair;
    const ended: Record<string, number> = {};
    const count = async (call: Promise<unknown>) => {
      const status = await call.then(
        (left) => (left instanceof RpcError ? statusName(left.status) : "OK"),
        (error: RpcError) => statusName(error.status),
      );
      ended[status] = (ended[status] ?? 0) + 1;
    };
    for (let times = 0; times < 3; times++) {
      await count(client.sayHello({ name: "Ada" }));
      await count(client.collectHellos([{ name: "Ada" }]));
      [working, allHedged] = [signalled(), signalled()];
      await count(leave((signal) => client.sayHello({ name: "wait" }, { signal }), working.promise));
      await count(client.sayHello({ name: "wait" }, { timeoutMs: 150 }));
      await count(client.sayHello({ name: "again" }));
      await count(collect(client.sayManyHellos({ name: "Ada" })));
    }
    expect(ended).toEqual({ OK: 9, PERMISSION_DENIED: 3, CANCELLED: 3, DEADLINE_EXCEEDED: 3 });
    await expect.poll(() => pair.server.stats()?.callsUnderWay).toBe(0);
    const metrics = await telemetry.metrics();
    const series = (name: string) => metrics.get(name)?.series ?? [];
    expect(byStatus(series("grpc.client.call.duration"))).toEqual(ended);
    // Two attempts more for each that was sent again, and two that were cancelled for each that was hedged.
    const sent = { OK: 9, PERMISSION_DENIED: 3, CANCELLED: 9, DEADLINE_EXCEEDED: 3, UNAVAILABLE: 6 };
    const size = "total_compressed_message_size";
    for (const what of ["duration", `sent_${size}`, `rcvd_${size}`]) {
      expect(byStatus(series(`grpc.client.attempt.${what}`))).toEqual(sent);
      // Whether a server sees that the time is up before it hears that the caller has left is a race.
      const served = byStatus(series(`grpc.server.call.${what}`));
      const { DEADLINE_EXCEEDED: late = 0, CANCELLED: left = 0, ...rest } = served;
      expect({ ...rest, over: late + left }).toEqual({ OK: 9, PERMISSION_DENIED: 3, UNAVAILABLE: 6, over: 12 });
    }
    expect(sum(series("grpc.client.attempt.started"))).toBe(30);
    expect(sum(series("grpc.server.call.started"))).toBe(30);
    expect(sum(series("pinwire.client.retries"))).toBe(12);
    expect(sum(series("pinwire.server.calls.refused"))).toBe(3);
    const calls = pair.server.stats()?.methods.reduce((total, method) => total + method.calls, 0);
    expect(calls).toBe(30);
  });

  it("count calls that are under way as begun, and not as ended", async () => {
    const telemetry = new CollectedTelemetry(route);
    const [begun, end] = [signalled(), signalled()];
    const pair = await GreeterPair.start({
      server: { openTelemetry: telemetry.option },
      client: { openTelemetry: telemetry.option },
      implementation: {
        sayHello: async ({ name }) => {
          begun.resolve();
          await end.promise;
          return { greeting: name };
        },
      },
    });
    const call = pair.client.sayHello({ name: "Ada" });
    await begun.promise;
    expect(sum(await telemetry.series("grpc.server.call.started"))).toBe(1);
    expect(sum(await telemetry.series("grpc.client.attempt.started"))).toBe(1);
    expect(sum(await telemetry.series("pinwire.server.calls.under_way"))).toBe(1);
    expect(await telemetry.series("grpc.server.call.duration")).toEqual([]);
    end.resolve();
    await call;
    expect(byStatus(await telemetry.series("grpc.server.call.duration"))).toEqual({ OK: 1 });
    expect(sum(await telemetry.series("pinwire.server.calls.under_way"))).toBe(0);
  });

  it("have every call that ended before they are collected", async () => {
    const telemetry = new CollectedTelemetry(route);
    const pair = await GreeterPair.start({
      server: { openTelemetry: telemetry.option },
      client: { openTelemetry: telemetry.option },
    });
    let calls = 0;
    for (const more of [1, 2, 83, 84, 85, 86, 170, 256]) {
      await Promise.all(Array.from({ length: more }, () => pair.client.sayHello({ name: "Ada" })));
      calls += more;
      for (const name of ["grpc.server.call.duration", "grpc.client.attempt.duration", "grpc.client.call.duration"]) {
        expect(byStatus(await telemetry.series(name))).toEqual({ OK: calls });
      }
    }
  });

  it("know one method for thousands that are not served", { timeout: 60_000 }, async () => {
    const telemetry = new CollectedTelemetry(route);
    const pair = await GreeterPair.start({ server: { openTelemetry: telemetry.metricOption } });
    const count = route === "meterProvider" ? 10_000 : 1_000;
    const names = Array.from({ length: count }, (_, n) => `Invented${n}`);
    const method = names.map((name) =>
      create(MethodDescriptorProtoSchema, { name, inputType: ".probe.v1.Nothing", outputType: ".probe.v1.Nothing" }),
    );
    const file = {
      package: "probe.v1",
      messageType: [{ name: "Nothing" }],
      service: [{ name: "ProbeService", method }],
    };
    const probe = createClient(serviceOf("probe.v1.ProbeService", file), {
      credentials: pair.clientCredentials,
      target: pair.target,
      peer: serverId,
      transports: [testTransport],
      timeoutMs: 30_000,
      logger: pair.log,
    });
    onTestFinished(() => (probe as unknown as Client<typeof GreeterService>).close());
    const call = (name: string) => (probe as unknown as Record<string, UnaryCall>)[name]?.({}) ?? Promise.resolve();
    const statuses = new Set<number>();
    for (let from = 0; from < names.length; from += 50) {
      const calls = names.slice(from, from + 50).map((name) => failure(call(`i${name.slice(1)}`)));
      for (const { status } of await Promise.all(calls)) statuses.add(status);
    }
    expect(statuses).toEqual(new Set([Status.PERMISSION_DENIED]));
    const metrics = await telemetry.metrics();
    expect(metrics.get("grpc.server.call.started")?.series).toMatchObject([
      { attributes: { "grpc.method": "other" }, value: count },
    ]);
    expect(metrics.get("grpc.server.call.duration")?.series).toMatchObject([
      { attributes: { "grpc.method": "other", "grpc.status": "PERMISSION_DENIED" }, count },
    ]);
    for (const { series } of metrics.values()) expect(series.length).toBeLessThan(5);
    expect(await telemetry.text()).not.toMatch(/invented|probe\.v1/i);
  });

  it("have how each token was judged, once for the connection that shows it", async () => {
    const telemetry = new CollectedTelemetry(route);
    const { issuer } = await tempIssuer();
    const pair = await GreeterPair.start({
      service: withPolicy({ SayHello: { requiredScopes: ["greet"] } }),
      server: { openTelemetry: telemetry.metricOption, tokens: { issuers: issuer.publicFile } },
    });
    const bearing = (token: string) => ({ metadata: { authorization: `Bearer ${token}` } });
    const good = bearing(await issue(issuer, pair.world));
    for (let times = 0; times < 3; times++) await pair.client.sayHello({ name: "Ada" }, good);
    await failure(pair.client.sayHello({ name: "Ada" }));
    await failure(
      pair.client.sayHello({ name: "Ada" }, bearing(await issue(issuer, pair.world, { scopes: ["else"] }))),
    );
    const tokens = await telemetry.series("pinwire.server.tokens");
    expect(Object.fromEntries(tokens.map(({ attributes, value }) => [attributes["pinwire.code"], value]))).toEqual({
      OK: 1,
      ERR_TOKEN_MISSING: 1,
      ERR_TOKEN_SCOPE: 1,
    });
  });

  it("of two servers in one process are one, and outlive them", async () => {
    const telemetry = new CollectedTelemetry(route);
    const start = () => GreeterPair.start({ server: { openTelemetry: telemetry.metricOption } });
    const [one, other] = [await start(), await start()];
    for (const { client } of [one, one, other]) await client.sayHello({ name: "Ada" });
    await one.server.close();
    await other.client.sayHello({ name: "Ada" });
    await other.server.close();
    const metrics = await telemetry.metrics();
    expect(metrics.get("grpc.server.call.started")?.series).toMatchObject([{ value: 4 }]);
    expect(byStatus(metrics.get("grpc.server.call.duration")?.series ?? [])).toEqual({ OK: 4 });
    expect(sum(metrics.get("pinwire.server.handshakes")?.series ?? [])).toBe(2);
    expect(sum(metrics.get("pinwire.server.connections.open")?.series ?? [])).toBe(0);
  });
});

describe("metrics by the meters of an SDK that exports by itself", () => {
  it("are complete when it flushes, in sums and in differences, also after the server has closed", async () => {
    const before = Date.now();
    const exporters = [AggregationTemporality.CUMULATIVE, AggregationTemporality.DELTA].map(
      (temporality) => new InMemoryMetricExporter(temporality),
    );
    const readers = exporters.map((exporter) => new PeriodicExportingMetricReader({ exporter }));
    const meterProvider = new MeterProvider({ readers });
    onTestFinished(() => meterProvider.shutdown());
    const pair = await GreeterPair.start({ server: { openTelemetry: { meterProvider } } });
    const exported = (name: string) =>
      exporters.map((exporter) =>
        exporter.getMetrics().map(({ scopeMetrics }) => {
          const metric = scopeMetrics
            .flatMap(({ metrics }) => metrics)
            .find(({ descriptor }) => descriptor.name === name);
          const value = metric?.dataPoints[0]?.value ?? 0;
          return typeof value === "number" ? value : value.count;
        }),
      );
    for (const calls of [3, 0, 100]) {
      for (let n = 0; n < calls; n++) await pair.client.sayHello({ name: "Ada" });
      await meterProvider.forceFlush();
    }
    await pair.client.sayHello({ name: "Ada" });
    await pair.server.close();
    await meterProvider.forceFlush();
    const expected = [
      [3, 3, 103, 104],
      [3, 0, 100, 1],
    ];
    expect(exported("grpc.server.call.started")).toEqual(expected);
    expect(exported("grpc.server.call.duration")).toEqual(expected);
    const scopes = exporters.flatMap((exporter) => exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics));
    const points = scopes.flatMap(({ metrics }) =>
      metrics.flatMap(({ dataPoints }): DataPoint<unknown>[] => dataPoints),
    );
    const ms = ([seconds, nanoseconds]: readonly [number, number]) => seconds * 1_000 + nanoseconds / 1e6;
    for (const { startTime, endTime } of points) {
      expect(ms(startTime)).toBeGreaterThanOrEqual(before);
      expect(ms(startTime)).toBeLessThanOrEqual(ms(endTime));
    }
  });
});
