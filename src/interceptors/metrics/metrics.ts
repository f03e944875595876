import type { GaugeMetric } from "./gauge-metric.js";
import type { SumMetric } from "./sum-metric.js";

/** What tells the series of a metric apart. Nothing that a peer can name. */
export type Attributes = Readonly<Record<string, string | boolean>>;

export interface MetricDefinition {
  readonly name: string;
  /** In UCUM, as OpenTelemetry has it: `s`, `By`, `{call}`. */
  readonly unit: string;
  readonly description: string;
}

/**
 * The metrics of all servers and channels that are collected together. Who asks for a name again gets the same metric: two
 * servers that count under the same attributes have one series.
 */
export interface Metrics {
  /** What only grows. */
  counter(definition: MetricDefinition): SumMetric;
  upDownCounter(definition: MetricDefinition): SumMetric;
  gauge(definition: MetricDefinition): GaugeMetric;
  histogram(definition: MetricDefinition, boundaries: readonly number[]): HistogramMetric;
}

export interface HistogramMetric {
  /** The same for the same attributes; to be kept by whoever records often. */
  series(attributes: Attributes): HistogramSeries;
}

export interface HistogramSeries {
  record(value: number): void;
}
