import {
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import { createMetricProducer } from "pinwire";

/** Forgets what it is given: sending it somewhere is not what is measured. */
const nowhere: PushMetricExporter = {
  export: (_, done) => done({ code: 0 }),
  forceFlush: async () => {},
  shutdown: async () => {},
  selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
};

const everySecond = { exporter: nowhere, exportIntervalMillis: 1_000, exportTimeoutMillis: 500 };

/** The SDK of OpenTelemetry, which collects every second, as the provider that a server or channel is given. */
export function sdkProvider() {
  return { meterProvider: new MeterProvider({ readers: [new PeriodicExportingMetricReader(everySecond)] }) };
}

/** The same, with a producer in the place of the SDK's own meters. */
export function sdkWithProducer() {
  const metricProducer = createMetricProducer();
  const reader = new PeriodicExportingMetricReader({ ...everySecond, metricProducers: [metricProducer] });
  new MeterProvider({ readers: [reader] });
  return { metricProducer };
}
