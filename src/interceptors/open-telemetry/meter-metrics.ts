import { createNoopMeter, type Meter, type Observable } from "@opentelemetry/api";
import { GaugeMetric } from "../metrics/gauge-metric.js";
import type { HistogramMetric, MetricDefinition, Metrics } from "../metrics/metrics.js";
import { SeriesTable } from "../metrics/series-table.js";
import { SumMetric } from "../metrics/sum-metric.js";
import { RecordQueue } from "./record-queue.js";

/**
 * The metrics that one meter collects. What the SDK does for each count and each recording is to make a text of the attributes
 * and look that up, which takes longer than all we do for a call. So sums are counted here and observed when they are collected.
 * Histograms cannot be observed: their values wait a little, and are recorded many at once.
 */
export class MeterMetrics implements Metrics {
  readonly #meter: Meter;
  readonly #queue = new RecordQueue();
  readonly #made = new Map<string, SumMetric | GaugeMetric | HistogramMetric>();

  /** @returns undefined for a meter that forgets all it is told: none is registered */
  static of(meter: Meter): MeterMetrics | undefined {
    if (meter === createNoopMeter()) return undefined;
    let metrics = known.get(meter);
    if (metrics === undefined) {
      metrics = new MeterMetrics(meter);
      known.set(meter, metrics);
    }
    return metrics;
  }

  private constructor(meter: Meter) {
    this.#meter = meter;
  }

  counter(definition: MetricDefinition): SumMetric {
    return this.#once(definition, () => {
      const { name, ...options } = definition;
      return this.#observed(this.#meter.createObservableCounter(name, options), new SumMetric(definition));
    });
  }

  upDownCounter(definition: MetricDefinition): SumMetric {
    return this.#once(definition, () => {
      const { name, ...options } = definition;
      return this.#observed(this.#meter.createObservableUpDownCounter(name, options), new SumMetric(definition));
    });
  }

  gauge(definition: MetricDefinition): GaugeMetric {
    return this.#once(definition, () => {
      const { name, ...options } = definition;
      return this.#observed(this.#meter.createObservableGauge(name, options), new GaugeMetric(definition));
    });
  }

  /** There has to be a sum or gauge beside it: only their being read tells that it is about to be read. */
  histogram(definition: MetricDefinition, boundaries: readonly number[]): HistogramMetric {
    return this.#once(definition, () => {
      const { name, ...options } = definition;
      const advice = { explicitBucketBoundaries: [...boundaries] };
      const histogram = this.#meter.createHistogram(name, { ...options, advice });
      const table = new SeriesTable((attributes) => this.#queue.series(histogram, attributes));
      return { series: (attributes) => table.of(attributes) };
    });
  }

  #once<Metric extends SumMetric | GaugeMetric | HistogramMetric>(
    { name }: MetricDefinition,
    make: () => Metric,
  ): Metric {
    const known = this.#made.get(name) ?? make();
    this.#made.set(name, known);
    return known as Metric;
  }

  /** The SDK calls all callbacks before it reads the first histogram, so none of a call that has ended is missing from what it reads. */
  #observed<Metric extends SumMetric | GaugeMetric>(observable: Observable, metric: Metric): Metric {
    observable.addCallback((result) => {
      this.#queue.flush();
      for (const { value, attributes } of metric) result.observe(value, attributes);
    });
    return metric;
  }
}

/** Each for as long as there is its meter: it is collected also after the end of the servers and channels that counted. */
const known = new WeakMap<Meter, MeterMetrics>();
