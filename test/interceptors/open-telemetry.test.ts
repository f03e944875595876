import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { RpcError } from "../../src/errors.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { AdminService } from "../../src/gen/pinwire/admin/v1/admin_pb.js";
import { createMetricProducer } from "../../src/interceptors/metrics/metric-producer.js";
import { allow, deny } from "../../src/interceptors/policy.js";
import { createServer } from "../../src/server/server.js";
import { Status, statusName } from "../../src/status.js";
import { AuditPlace } from "../helpers/audit-place.js";
import { built } from "../helpers/built.js";
import { collect, failure } from "../helpers/collect.js";
import { ExampleWorld } from "../helpers/example-processes.js";
import { GreeterPair, RecordingLogger } from "../helpers/greeter-pair.js";
import { clientId, serverId } from "../helpers/identities.js";
import { CollectedTelemetry, metricRoutes, registerContexts, type Series } from "../helpers/telemetry.js";
import { tempIssuer } from "../helpers/tokens.js";
import { withPolicy } from "../helpers/with-policy.js";

registerContexts();

const seed = Number(process.env.PINWIRE_SEED ?? Date.now() % 2 ** 31);

/** The same numbers for the same seed. */
function randomNumbers(state: number): (below: number) => number {
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

/** How often each method ended in each status. */
function table(series: readonly Series[], count: (series: Series) => number = (one) => one.count) {
  return Object.fromEntries(
    series.map((one) => [`${one.attributes["grpc.method"]} ${one.attributes["grpc.status"]}`, count(one)]),
  );
}

const sum = (series: readonly Series[]) => series.reduce((total, { value }) => total + value, 0);

describe.each(metricRoutes)("metrics by a %s", (route) => {
  it(`are what the clients counted, for random calls (PINWIRE_SEED=${seed})`, async () => {
    const telemetry = new CollectedTelemetry(route);
    const failures = [Status.NOT_FOUND, Status.ABORTED, Status.INTERNAL] as const;
    const pair = await GreeterPair.start({
      server: {
        openTelemetry: telemetry.option,
        policy: [allow(GreeterService, clientId), deny(GreeterService.method.collectHellos, clientId)],
      },
      client: { openTelemetry: telemetry.option },
      implementation: {
        sayHello: ({ name }) => {
          const status = failures[Number(name)];
          if (status !== undefined) throw new RpcError(status, "as it was asked for");
          if (name === "throw") throw new Error("not for others");
          return { greeting: name };
        },
      },
    });
    const { client } = pair;
    const random = randomNumbers(seed);
    const counted: Record<string, number> = {};
    const count = async (method: string, call: Promise<unknown>) => {
      const status = await call.then(
        () => "OK",
        (error: RpcError) => statusName(error.status),
      );
      const key = `hello.v1.GreeterService/${method} ${status}`;
      counted[key] = (counted[key] ?? 0) + 1;
    };
    const kinds = [
      () => count("SayHello", client.sayHello({ name: "x".repeat(random(3_000)) })),
      () => count("SayHello", client.sayHello({ name: String(random(3)) })),
      () => count("SayHello", client.sayHello({ name: "throw" })),
      () => count("SayManyHellos", collect(client.sayManyHellos({ name: "Ada", count: random(20) }))),
      () => count("CollectHellos", client.collectHellos([{ name: "Ada" }])),
      () => count("Chat", collect(client.chat(Array.from({ length: random(10) }, () => ({ name: "Ada" }))))),
    ];
    for (let done = 0; done < 120; done += 6) {
      await Promise.all(Array.from({ length: 6 }, () => kinds[random(kinds.length)]?.()));
    }
    const metrics = await telemetry.metrics();
    const series = (name: string) => metrics.get(name)?.series ?? [];
    expect(table(series("grpc.client.call.duration"))).toEqual(counted);
    expect(table(series("grpc.client.attempt.duration"))).toEqual(counted);
    expect(table(series("grpc.server.call.duration"))).toEqual(counted);
    const total = Object.values(counted).reduce((all, one) => all + one, 0);
    expect(total).toBe(120);
    expect(sum(series("grpc.client.attempt.started"))).toBe(total);
    expect(sum(series("grpc.server.call.started"))).toBe(total);
    for (const name of ["grpc.server.call", "grpc.client.attempt"]) {
      const [sent, received] = ["sent", "rcvd"].map((way) => `${name}.${way}_total_compressed_message_size`);
      expect(metrics.get(sent ?? "")?.unit).toBe("By");
      expect(table(series(received ?? ""))).toEqual(counted);
    }
    // What one side has sent the other has received; a call that is refused is not read to its end.
    const bytes = (name: string) =>
      sum(series(name).filter(({ attributes }) => attributes["grpc.status"] !== "PERMISSION_DENIED"));
    const size = "total_compressed_message_size";
    expect(bytes(`grpc.server.call.rcvd_${size}`)).toBe(bytes(`grpc.client.attempt.sent_${size}`));
    expect(bytes(`grpc.client.attempt.rcvd_${size}`)).toBe(bytes(`grpc.server.call.sent_${size}`));
    expect(bytes(`grpc.client.attempt.sent_${size}`)).toBeGreaterThan(0);
    const stats = pair.server.stats();
    const calls = stats?.methods.flatMap(({ method, byStatus }) =>
      Object.entries(byStatus).map(([status, times]) => [`${method.slice(1)} ${status}`, times]),
    );
    expect(Object.fromEntries(calls ?? [])).toEqual(counted);
    expect(
      series("pinwire.server.calls.refused").map(({ attributes, value }) => [attributes["pinwire.code"], value]),
    ).toEqual(Object.entries(stats?.refusedCalls ?? {}));
    expect(metrics.get("grpc.server.call.duration")?.unit).toBe("s");
  });

  it("know no names that a peer invents, and no peers", async () => {
    const telemetry = new CollectedTelemetry(route);
    const pair = await GreeterPair.start({ server: { openTelemetry: telemetry.metricOption } });
    await failure(pair.clientOf(AdminService).getStats({}));
    await failure(pair.strangerClient("spiffe://local.test/stranger").sayHello({ name: "Ada" }));
    const unpinned = pair.strangerClient("spiffe://local.test/unpinned", { pinned: false });
    await failure(unpinned.sayHello({ name: "Ada" }));
    const metrics = await telemetry.metrics();
    const methods = metrics.get("grpc.server.call.started")?.series.map(({ attributes }) => attributes["grpc.method"]);
    expect(new Set(methods)).toEqual(new Set(["other", "hello.v1.GreeterService/SayHello"]));
    expect(await telemetry.text()).not.toMatch(/stranger|unpinned|admin/i);
    expect(metrics.get("pinwire.server.authentications")?.series).toMatchObject([
      { attributes: { "pinwire.code": "OK" }, value: 2 },
      { attributes: { "pinwire.code": "ERR_NOT_PINNED" }, value: 1 },
    ]);
    expect(sum(metrics.get("pinwire.server.handshakes")?.series ?? [])).toBe(3);
    expect(sum(metrics.get("pinwire.server.connections.open")?.series ?? [])).toBe(
      pair.server.stats()?.connections.open,
    );
    const [expiry] = metrics.get("pinwire.certificate.expiry")?.series ?? [];
    expect(expiry?.attributes).toEqual({ "pinwire.identity": serverId });
    const left = (pair.serverCredentials.current().svid.notAfter.getTime() - Date.now()) / 1_000;
    expect(Math.abs((expiry?.value ?? 0) - left)).toBeLessThan(60);
  });

  it("show retries, the circuit breaker and what is left of the throttle", async () => {
    const telemetry = new CollectedTelemetry(route);
    let times = 0;
    const pair = await GreeterPair.start({
      client: {
        openTelemetry: telemetry.option,
        circuitBreaker: { minCalls: 2, failureRatio: 0.5 },
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
      },
      implementation: {
        sayHello: ({ name }) => {
          times += 1;
          if (name === "never" || times < 3) throw new RpcError(Status.UNAVAILABLE, "not now");
          return { greeting: name };
        },
      },
    });
    await pair.client.sayHello({ name: "third" });
    await failure(pair.client.sayHello({ name: "never" }));
    expect((await failure(pair.client.sayHello({ name: "never" }))).code).toBe("ERR_CIRCUIT_OPEN");
    const metrics = await telemetry.metrics();
    const series = (name: string) => metrics.get(name)?.series ?? [];
    expect(sum(series("grpc.client.attempt.started"))).toBe(6);
    expect(table(series("grpc.client.attempt.duration"))).toEqual({
      "hello.v1.GreeterService/SayHello OK": 1,
      "hello.v1.GreeterService/SayHello UNAVAILABLE": 5,
    });
    expect(table(series("grpc.client.call.duration"))).toEqual({
      "hello.v1.GreeterService/SayHello OK": 1,
      "hello.v1.GreeterService/SayHello UNAVAILABLE": 2,
    });
    expect(sum(series("pinwire.client.retries"))).toBe(4);
    expect(series("pinwire.client.breaker.state")).toMatchObject([
      { attributes: { "grpc.target": pair.target }, value: 2 },
    ]);
    expect(series("pinwire.client.breaker.transitions")).toMatchObject([
      { attributes: { "pinwire.state": "open" }, value: 1 },
    ]);
    expect(sum(series("pinwire.client.retry_tokens"))).toBeCloseTo(95.1);
    expect(telemetry.spans.map(({ attributes }) => attributes["pinwire.attempts"])).toEqual([3, 3, 0]);
  });

  it("end with the server and the channel: what is read when it is collected is not read any more", async () => {
    const telemetry = new CollectedTelemetry(route);
    const pair = await GreeterPair.start({
      server: { openTelemetry: telemetry.option },
      client: { openTelemetry: telemetry.option },
    });
    await pair.client.sayHello({ name: "Ada" });
    expect(await telemetry.series("pinwire.certificate.expiry")).toHaveLength(2);
    await pair.client.close();
    await pair.server.close();
    const read = () => {
      throw new Error("it was read after the end");
    };
    Object.assign(pair.serverCredentials, { current: read });
    Object.assign(pair.clientCredentials, { current: read });
    await expect(telemetry.metrics()).resolves.toBeDefined();
    expect(sum(await telemetry.series("pinwire.server.connections.open"))).toBe(0);
    expect(sum(await telemetry.series("pinwire.client.connections.open"))).toBe(0);
  });

  it("count an attempt that was cancelled, and one whose time was up", async () => {
    const telemetry = new CollectedTelemetry(route);
    const pair = await GreeterPair.start({
      client: { openTelemetry: telemetry.option },
      implementation: {
        sayHello: (_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", reject)),
      },
    });
    const leaving = new AbortController();
    const left = failure(pair.client.sayHello({ name: "Ada" }, { signal: leaving.signal }));
    setImmediate(() => leaving.abort());
    await left;
    await failure(pair.client.sayHello({ name: "Ada" }, { timeoutMs: 200 }));
    const expected = {
      "hello.v1.GreeterService/SayHello CANCELLED": 1,
      "hello.v1.GreeterService/SayHello DEADLINE_EXCEEDED": 1,
    };
    expect(table(await telemetry.series("grpc.client.call.duration"))).toEqual(expected);
    expect(table(await telemetry.series("grpc.client.attempt.duration"))).toEqual(expected);
  });
});

describe.each(metricRoutes)("docs/telemetry.md, by a %s,", (route) => {
  it("has every metric with its unit and its attributes, and no other", async () => {
    const telemetry = new CollectedTelemetry(route);
    const openTelemetry = telemetry.option;
    const pair = await GreeterPair.start({
      service: withPolicy({ Chat: { requiredScopes: ["chat"] } }),
      server: {
        ...{ openTelemetry, audit: await new AuditPlace().open() },
        tokens: { issuers: (await tempIssuer()).issuer.publicFile },
      },
      client: { openTelemetry, circuitBreaker: { minCalls: 1 } },
      implementation: {
        sayHello: ({ name }) => {
          throw new RpcError(Status.UNAVAILABLE, name);
        },
      },
    });
    await failure(pair.client.chat([{ name: "Ada" }]));
    expect((await failure(pair.client.sayHello({ name: "Ada" }))).attempts).toBe(3);
    const probe = pair.clientOf(AdminService);
    for (let n = 0; n < 5; n++) await failure(probe.getStats({}));
    const measured = [...(await telemetry.metrics())].map(([name, { unit, series }]) => {
      const attributes = new Set(series.flatMap((one) => Object.keys(one.attributes)));
      return [name, unit, [...attributes].map((key) => key.replace(/^\w+\./, "")).sort()];
    });
    const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "telemetry.md"), "utf8");
    const documented = [...page.matchAll(/^\| `((?:grpc|pinwire)\.[\w.]+)` \| `([^`]+)` \| ([\w, ]+) \|/gm)];
    const rows = documented.map(([, name, unit, attributes = ""]) => [name, unit, attributes.split(", ").sort()]);
    expect(measured.sort(byName)).toEqual(rows.sort(byName));
  });
});

const byName = (a: readonly unknown[], b: readonly unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1);

describe("traces", () => {
  it("join a call, its handler, and the calls that the handler makes", async () => {
    const telemetry = new CollectedTelemetry();
    const inner = await GreeterPair.start({
      server: { openTelemetry: telemetry.option },
      client: { openTelemetry: telemetry.option },
    });
    const outer = await GreeterPair.start({
      server: { openTelemetry: telemetry.option },
      client: { openTelemetry: telemetry.option },
      implementation: {
        async *sayManyHellos({ name }) {
          yield { greeting: (await inner.client.sayHello({ name })).greeting };
        },
      },
    });
    await collect(outer.client.sayManyHellos({ name: "Ada" }, { metadata: { "x-secret": "hidden" } }));
    await expect.poll(() => telemetry.spans.length).toBe(4);
    const find = (method: string, kind: SpanKind) =>
      telemetry.spans.find((span) => span.attributes["rpc.method"] === method && span.kind === kind);
    const chain = [
      find("SayManyHellos", SpanKind.CLIENT),
      find("SayManyHellos", SpanKind.SERVER),
      find("SayHello", SpanKind.CLIENT),
      find("SayHello", SpanKind.SERVER),
    ];
    expect(new Set(telemetry.spans.map((span) => span.spanContext().traceId)).size).toBe(1);
    expect(chain.map((span) => span?.parentSpanContext?.spanId)).toEqual([
      undefined,
      ...chain.slice(0, 3).map((span) => span?.spanContext().spanId),
    ]);
    expect(chain[1]).toMatchObject({
      name: "hello.v1.GreeterService/SayManyHellos",
      attributes: {
        "rpc.system": "grpc",
        "rpc.service": "hello.v1.GreeterService",
        "rpc.method": "SayManyHellos",
        "rpc.grpc.status_code": 0,
      },
      status: { code: SpanStatusCode.UNSET },
    });
    expect(await telemetry.text()).not.toMatch(/Ada|hidden/);
  });

  it("say that a call failed and why in our words, not in those of an error", async () => {
    const telemetry = new CollectedTelemetry();
    const pair = await GreeterPair.start({
      server: { openTelemetry: { tracerProvider: telemetry.tracerProvider } },
      client: { openTelemetry: { tracerProvider: telemetry.tracerProvider } },
      implementation: {
        sayHello: ({ name }) => {
          if (name === "fault") throw new Error("private words");
          throw new RpcError(Status.NOT_FOUND, "spoken words");
        },
      },
    });
    await failure(pair.client.sayHello({ name: "fault" }));
    await failure(pair.client.sayHello({ name: "absent" }));
    const [first, second, third, fourth] = telemetry.spans;
    expect(first).toMatchObject({
      kind: SpanKind.SERVER,
      status: { code: SpanStatusCode.ERROR },
      attributes: { "rpc.grpc.status_code": Status.INTERNAL, "pinwire.code": "ERR_HANDLER_FAILED" },
    });
    expect(second).toMatchObject({ kind: SpanKind.CLIENT, status: { code: SpanStatusCode.ERROR } });
    // Not the server's fault, by the conventions of OpenTelemetry.
    expect(third).toMatchObject({ kind: SpanKind.SERVER, status: { code: SpanStatusCode.UNSET } });
    expect(fourth).toMatchObject({ kind: SpanKind.CLIENT, status: { code: SpanStatusCode.ERROR } });
    expect(await telemetry.text()).not.toMatch(/words/);
    // Nobody asked for numbers.
    expect(await telemetry.metrics()).toEqual(new Map());
  });

  it("name nothing that a peer invents", async () => {
    const telemetry = new CollectedTelemetry();
    const pair = await GreeterPair.start({ server: { openTelemetry: telemetry.option } });
    await failure(pair.clientOf(AdminService).getStats({}));
    expect(telemetry.spans).toMatchObject([{ name: "other" }]);
    expect(telemetry.spans[0]?.attributes).not.toHaveProperty("rpc.method");
  });

  it("are nothing that calls depend on: a provider that throws is not heard", async () => {
    const broken = () => {
      throw new Error("broken");
    };
    const instrument = { add: broken, record: broken, addCallback: () => {}, removeCallback: () => {} };
    const meter = new Proxy({}, { get: () => () => instrument });
    const openTelemetry = {
      meterProvider: { getMeter: () => meter },
      tracerProvider: { getTracer: () => ({ startSpan: broken }) },
    };
    const pair = await GreeterPair.start({ server: { openTelemetry }, client: { openTelemetry } });
    expect((await pair.client.sayHello({ name: "Ada" })).greeting).toMatch(/^Hello, Ada/);
    expect(await collect(pair.client.sayManyHellos({ name: "Ada", count: 2 }))).toHaveLength(2);
  });
});

describe("the option", () => {
  it("is checked", () => {
    const pair = new GreeterPair();
    const make = (openTelemetry: unknown) => () =>
      createServer({
        credentials: pair.serverCredentials,
        policy: [allow(GreeterService, clientId)],
        logger: new RecordingLogger(),
        openTelemetry: openTelemetry as true,
      });
    const words =
      "openTelemetry must be true, false or an object with a meterProvider or metricProducer, a tracerProvider, or both";
    for (const wrong of [1, "yes", null, {}, { meterProvider: {} }, { tracerProvider: 1 }]) {
      expect(make(wrong)).toThrow(expect.objectContaining({ code: "ERR_INVALID_OPTION", message: words }));
    }
    expect(make({ meter: {} })).toThrow(expect.objectContaining({ code: "ERR_INVALID_OPTION" }));
    const metricProducer = createMetricProducer();
    expect(make({ metricProducer: { collect: async () => ({}) } })).toThrow(
      "openTelemetry.metricProducer must be what createMetricProducer() returned",
    );
    expect(make({ metricProducer, meterProvider: new CollectedTelemetry().meterProvider })).toThrow(
      "openTelemetry takes a meterProvider or a metricProducer, not both",
    );
    for (const right of [{ metricProducer }, true, false, undefined]) expect(make(right)).not.toThrow();
  });

  it("needs @opentelemetry/api, and says so; nothing else does", async () => {
    const world = await ExampleWorld.make();
    const script = join(import.meta.dirname, "..", "helpers", "without-open-telemetry.mjs");
    const args = [script, built("."), world.server, world.client, world.target.slice("unix:".length)];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
    expect(stderr).toBe("");
    const missing = {
      name: "ConfigError",
      code: "ERR_OPENTELEMETRY_MISSING",
      message:
        "the option openTelemetry is set, and @opentelemetry/api cannot be loaded - npm install @opentelemetry/api",
    };
    expect(JSON.parse(stdout)).toEqual({ server: missing, client: missing, plain: "hello" });
  });
});
