import type { ExactHistogram } from "./exact-histogram.js";
import type { GaugeMetric } from "./gauge-metric.js";
import type { Attributes, MetricDefinition } from "./metrics.js";
import type { SumSeries } from "./sum-metric.js";

/** What a `MetricProducer` gives to a reader of the SDK of OpenTelemetry; in words of our own, as the SDK is not ours to load. */
export interface CollectionResult {
  resourceMetrics: { resource: Resource; scopeMetrics: ScopeMetrics[] };
  errors: unknown[];
}

export type CollectedMetric =
  | (Described & { readonly dataPointType: 0; readonly dataPoints: Point<HistogramValue>[] })
  | (Described & { readonly dataPointType: 2; readonly dataPoints: Point<number>[] })
  | (Described & { readonly dataPointType: 3; readonly dataPoints: Point<number>[]; readonly isMonotonic: boolean });

interface Resource {
  readonly attributes: Record<never, never>;
  merge<Other>(other: Other | null): Other | Resource;
  getRawAttributes(): [];
}

export interface ScopeMetrics {
  scope: { readonly name: string; readonly version?: string };
  metrics: CollectedMetric[];
}

interface Described {
  /** The type of its values is 1: they need not be whole numbers. */
  readonly descriptor: MetricDefinition & { readonly valueType: 1 };
  /** 1 is cumulative. */
  readonly aggregationTemporality: 1;
}

interface Point<Value> {
  readonly startTime: [number, number];
  readonly endTime: [number, number];
  readonly attributes: Record<string, string | boolean>;
  readonly value: Value;
}

interface HistogramValue {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly buckets: { boundaries: number[]; counts: number[] };
}

export function sumData(
  definition: MetricDefinition,
  series: Iterable<SumSeries>,
  isMonotonic: boolean,
  now: number,
): CollectedMetric {
  const dataPoints = Array.from(series, (one) => point(one, one.value, now));
  return { ...described(definition), dataPointType: 3, dataPoints, isMonotonic };
}

export function gaugeData(definition: MetricDefinition, metric: GaugeMetric, now: number): CollectedMetric {
  const dataPoints = Array.from(metric, ({ attributes, value }) => point({ attributes, since: now }, value, now));
  return { ...described(definition), dataPointType: 2, dataPoints };
}

export function histogramData(
  definition: MetricDefinition,
  series: Iterable<ExactHistogram>,
  now: number,
): CollectedMetric {
  const recorded = Array.from(series).filter(({ count }) => count > 0);
  const dataPoints = recorded.map((one) => point(one, one.read(), now));
  return { ...described(definition), dataPointType: 0, dataPoints };
}

function described(definition: MetricDefinition): Described {
  return { descriptor: { ...definition, valueType: 1 }, aggregationTemporality: 1 };
}

function point<Value>(
  { attributes, since }: { attributes: Attributes; since: number },
  value: Value,
  now: number,
): Point<Value> {
  return { startTime: hrTime(since), endTime: hrTime(now), attributes: { ...attributes }, value };
}

/** Seconds and nanoseconds. */
function hrTime(ms: number): [number, number] {
  return [Math.floor(ms / 1_000), (ms % 1_000) * 1_000_000];
}
