import { context, propagation } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  type DataPoint,
  type ExponentialHistogram,
  type Histogram,
  MeterProvider,
  type MetricData,
  MetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { onTestFinished } from "vitest";
import { createMetricProducer } from "../../src/interceptors/metrics/metric-producer.js";
import { toGlobalSink } from "./global-sink.js";

/** One series of a metric: its attributes, and its sum or the sum and count of its histogram. */
export interface Series {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: number;
  readonly count: number;
}

/** What reads when the test does, and not by a timer. */
export class TestReader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

/** The ways in which metrics get to a reader of the SDK. */
export const metricRoutes = ["meterProvider", "metricProducer"] as const;

/** The SDK of OpenTelemetry, with everything kept in memory. */
export class CollectedTelemetry {
  readonly #route: (typeof metricRoutes)[number];
  readonly #metricProducer = createMetricProducer();
  readonly #reader = new TestReader({ metricProducers: [this.#metricProducer] });
  readonly #spans = new InMemorySpanExporter();
  readonly meterProvider = new MeterProvider({ readers: [this.#reader] });
  readonly tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.#spans)] });

  constructor(route: (typeof metricRoutes)[number] = "meterProvider") {
    this.#route = route;
    onTestFinished(async () => toGlobalSink("OpenTelemetry", await this.text()));
  }

  /** Metrics alone. */
  get metricOption() {
    if (this.#route === "metricProducer") return { metricProducer: this.#metricProducer };
    return { meterProvider: this.meterProvider };
  }

  get option() {
    return { ...this.metricOption, tracerProvider: this.tracerProvider };
  }

  /** As an exporter gets them. */
  async collected(): Promise<MetricData[]> {
    const { resourceMetrics, errors } = await this.#reader.collect();
    if (errors.length > 0) throw errors[0];
    return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  }

  get spans(): ReadableSpan[] {
    return this.#spans.getFinishedSpans();
  }

  /** Every metric with its unit and series. */
  async metrics(): Promise<Map<string, { unit: string; series: Series[] }>> {
    return new Map(
      (await this.collected()).map(({ descriptor, dataPoints }) => [
        descriptor.name,
        { unit: descriptor.unit, series: dataPoints.map((point) => seriesOf(point)) },
      ]),
    );
  }

  async series(name: string): Promise<Series[]> {
    return (await this.metrics()).get(name)?.series ?? [];
  }

  /** Everything that has been recorded, as text. */
  async text(): Promise<string> {
    const { resourceMetrics } = await this.#reader.collect();
    const spans = this.spans.map(({ name, attributes, events, status, links }) => ({
      ...{ name, attributes, events, status, links },
    }));
    return JSON.stringify([resourceMetrics.scopeMetrics, spans]);
  }
}

function seriesOf({ attributes, value }: DataPoint<number> | DataPoint<Histogram | ExponentialHistogram>): Series {
  if (typeof value === "number") return { attributes, value, count: 1 };
  return { attributes, value: value.sum ?? 0, count: value.count };
}

/** As an application does at its start; for this process. */
export function registerContexts(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
}
