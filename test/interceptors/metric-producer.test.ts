import { MeterProvider, type MetricData } from "@opentelemetry/sdk-metrics";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMetricProducer, LateProducer } from "../../src/interceptors/metrics/metric-producer.js";
import type { Metrics } from "../../src/interceptors/metrics/metrics.js";
import { ProducedMetrics } from "../../src/interceptors/metrics/produced-metrics.js";
import { MeterMetrics } from "../../src/interceptors/open-telemetry/meter-metrics.js";
import { TestReader } from "../helpers/telemetry.js";

const boundaries = [0, 0.5, 1, 10, 1_000];

/** What is counted, and under which of two sets of attributes. */
type Step = readonly [kind: "count" | "up" | "down" | "record" | "collect", value: number, series: "a" | "b"];

// Eighths, of which sums are exact in whatever order they are added up.
const eighths = fc.integer({ min: 0, max: 40_000 }).map((times) => times / 8);
const values = fc.oneof(fc.constantFrom(...boundaries), eighths);
const kinds = fc.constantFrom<Step[0]>("count", "up", "down", "record", "collect");
const steps = fc.array(fc.tuple(kinds, values, fc.constantFrom<Step[2]>("a", "b")), { maxLength: 60 });

function count(metrics: Metrics, [kind, value, name]: Step): void {
  const attributes = { name, "grpc.status": "OK" };
  const words = { unit: "{call}", description: "in words" };
  if (kind === "count")
    metrics
      .counter({ name: "counter", ...words })
      .series(attributes)
      .add(value);
  if (kind === "up")
    metrics
      .upDownCounter({ name: "upDown", ...words })
      .series(attributes)
      .add(value);
  if (kind === "down")
    metrics
      .upDownCounter({ name: "upDown", ...words })
      .series(attributes)
      .add(-value);
  if (kind === "record")
    metrics
      .histogram({ name: "histogram", ...words }, boundaries)
      .series(attributes)
      .record(value);
}

/** Without the times, which differ by what the clock does meanwhile. */
function timeless(metrics: readonly MetricData[]) {
  const described = metrics.map(({ descriptor, dataPoints, ...kind }) => {
    const { name, unit, description, valueType } = descriptor;
    const points = dataPoints.map(({ attributes, value }) => ({ attributes, value }));
    return { name, unit, description, valueType, ...kind, points };
  });
  return described.sort((one, other) => (one.name < other.name ? -1 : 1));
}

async function collected(reader: TestReader): Promise<MetricData[]> {
  const { resourceMetrics, errors } = await reader.collect();
  expect(errors).toEqual([]);
  return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
}

/** One reader of the SDK's own meters, and one that reads nothing but a producer. */
function bothRoutes() {
  const metricProducer = createMetricProducer();
  const [own, produced] = [new TestReader(), new TestReader({ metricProducers: [metricProducer] })];
  const meters = MeterMetrics.of(new MeterProvider({ readers: [own] }).getMeter("pinwire"));
  new MeterProvider({ readers: [produced] });
  if (meters === undefined || !(metricProducer instanceof LateProducer)) throw new Error("there is no SDK");
  return { own, produced, routes: [meters, metricProducer.metrics(() => new ProducedMetrics())] };
}

describe("a metric producer", () => {
  it("gives a reader what the meters of the SDK give it, whatever was counted", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const { own, produced, routes } = bothRoutes();
        for (const step of [...all, ["collect", 0, "a"]] as const) {
          for (const metrics of routes) count(metrics, step);
          if (step[0] === "collect")
            expect(timeless(await collected(produced))).toEqual(timeless(await collected(own)));
        }
      }),
      { numRuns: 200 },
    );
  });

  it("says since when, and under which name and version", async () => {
    const before = Date.now();
    const { produced, routes } = bothRoutes();
    for (const metrics of routes) count(metrics, ["record", 1, "a"]);
    const { resourceMetrics } = await produced.collect();
    const [scope] = resourceMetrics.scopeMetrics;
    expect(scope?.scope).toEqual({ name: "pinwire", version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    const point = scope?.metrics[0]?.dataPoints[0];
    const ms = ([seconds, nanoseconds]: readonly [number, number] = [0, 0]) => seconds * 1_000 + nanoseconds / 1e6;
    expect(ms(point?.startTime)).toBeGreaterThanOrEqual(before);
    expect(ms(point?.endTime)).toBeGreaterThanOrEqual(ms(point?.startTime));
  });

  it("gives what it gave before for what has been read, and no more", async () => {
    const { produced, routes } = bothRoutes();
    for (const metrics of routes) count(metrics, ["record", 1, "a"]);
    const first = await collected(produced);
    const kept = structuredClone(timeless(first));
    for (const metrics of routes) count(metrics, ["record", 2, "a"]);
    expect(timeless(first)).toEqual(kept);
  });

  it("has nothing before a server or channel was given it", async () => {
    const reader = new TestReader({ metricProducers: [createMetricProducer()] });
    new MeterProvider({ readers: [reader] });
    expect(await collected(reader)).toEqual([]);
  });
});

describe("a metric", () => {
  it("has two thousand series at most, whatever a program calls; the rest are one", async () => {
    const { own, produced, routes } = bothRoutes();
    for (const metrics of routes) {
      const counter = metrics.counter({ name: "calls", unit: "{call}", description: "" });
      for (let target = 0; target < 10_000; target++) counter.series({ "grpc.target": `unix:/run/${target}` }).add(1);
    }
    for (const reader of [own, produced]) {
      const points = (await collected(reader))[0]?.dataPoints ?? [];
      expect(points).toHaveLength(2_000);
      expect(points.reduce((sum, { value }) => sum + Number(value), 0)).toBe(10_000);
      expect(points.at(-1)).toMatchObject({ attributes: { "otel.metric.overflow": true }, value: 8_001 });
    }
  });

  it("does not lose what was counted elsewhere when that ends", async () => {
    const { own, routes } = bothRoutes();
    const [metrics] = routes;
    const series = metrics?.counter({ name: "records", unit: "{record}", description: "" }).series({ id: "x" });
    const [one, other] = [{ records: 3 }, { records: 4 }];
    const follow = (log: { records: number }) => series?.follow(log, ({ records }) => records);
    const ends = [follow(one), follow(one), follow(other)];
    const value = async () => (await collected(own))[0]?.dataPoints[0]?.value;
    expect(await value()).toBe(7);
    for (const end of [ends[0], ends[0], ends[1]]) {
      end?.[Symbol.dispose]();
      expect(await value()).toBe(7);
    }
    one.records = 5;
    expect(await value()).toBe(7);
    // The next server with the same audit log.
    follow(one);
    other.records = 8;
    expect(await value()).toBe(13);
  });

  it("that is read goes on when one of those that read it throws", async () => {
    const { produced, own, routes } = bothRoutes();
    for (const metrics of routes) {
      const gauge = metrics.gauge({ name: "expiry", unit: "s", description: "" });
      gauge.follow({ id: "broken" }, () => {
        throw new Error("not to be read");
      });
      gauge.follow({ id: "whole" }, () => 5);
    }
    for (const reader of [own, produced]) {
      expect((await collected(reader))[0]?.dataPoints).toMatchObject([{ attributes: { id: "whole" }, value: 5 }]);
    }
  });
});
