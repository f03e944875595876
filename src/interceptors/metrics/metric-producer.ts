import type { CollectionResult } from "./collected-metrics.js";
import type { ProducedMetrics } from "./produced-metrics.js";

/**
 * The metrics of the servers and channels that were given it, for a reader of an OpenTelemetry SDK: what the specification of
 * the SDK calls a `MetricProducer`. Cumulative.
 */
export interface MetricProducer {
  /** Called by the reader that has it among its `metricProducers`. */
  collect(): Promise<CollectionResult>;
}

/**
 * @example
 * const metricProducer = createMetricProducer();
 * const reader = new PeriodicExportingMetricReader({ exporter, metricProducers: [metricProducer] });
 * const sdk = new NodeSDK({ metricReaders: [reader] });
 * createServer({ credentials, policy, openTelemetry: { metricProducer } });
 */
export function createMetricProducer(): MetricProducer {
  return new LateProducer();
}

/** What counts is loaded with the first server or channel that is given it: importing pinwire stays light. */
export class LateProducer implements MetricProducer {
  #metrics: ProducedMetrics | undefined;

  metrics(make: () => ProducedMetrics): ProducedMetrics {
    this.#metrics ??= make();
    return this.#metrics;
  }

  async collect(): Promise<CollectionResult> {
    return { resourceMetrics: { resource: noResource, scopeMetrics: this.#metrics?.collect() ?? [] }, errors: [] };
  }
}

/** A reader takes the resource from its SDK. */
const noResource: CollectionResult["resourceMetrics"]["resource"] = {
  attributes: {},
  merge: (other) => other ?? noResource,
  getRawAttributes: () => [],
};
