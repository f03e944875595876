import { type Counter, createNoopMeter, type Meter, ROOT_CONTEXT, type UpDownCounter } from "@opentelemetry/api";
import { GaugeMetric } from "../metrics/gauge-metric.js";
import type { HistogramMetric, MetricDefinition, Metrics } from "../metrics/metrics.js";
import { SeriesTable } from "../metrics/series-table.js";
import { SumMetric } from "../metrics/sum-metric.js";
import { quietly } from "../quietly.js";
import { RecordQueue } from "./record-queue.js";
import { ToldSum } from "./told-sum.js";

type Metric = SumMetric | GaugeMetric | HistogramMetric;

/**
 * The metrics that one meter collects. What the SDK does for each count and each recording is to make a text of the attributes
 * and look that up, which takes longer than all we do for a call. So counts are kept here, and the meter is told the sum of
 * them before it is read; the values of histograms are recorded many at once.
 */
export class MeterMetrics implements Metrics {
  readonly #meter: Meter;
  readonly #queue = new RecordQueue();
  readonly #sums: ToldSum[] = [];
  readonly #made = new Map<string, Metric>();

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
    // It never has a value, so it is never exported. The SDK calls it before it reads what was counted and recorded, so that
    // nothing of a call that has ended is missing from what it reads.
    meter.createObservableGauge("pinwire.collection").addCallback(() => this.#tell());
  }

  counter({ name, ...options }: MetricDefinition): SumMetric {
    return this.#once(name, () => this.#told(this.#meter.createCounter(name, options)));
  }

  upDownCounter({ name, ...options }: MetricDefinition): SumMetric {
    return this.#once(name, () => this.#told(this.#meter.createUpDownCounter(name, options)));
  }

  gauge({ name, ...options }: MetricDefinition): GaugeMetric {
    return this.#once(name, () => {
      const metric = new GaugeMetric();
      this.#meter.createObservableGauge(name, options).addCallback((result) => {
        for (const { value, attributes } of metric) result.observe(value, attributes);
      });
      return metric;
    });
  }

  histogram({ name, ...options }: MetricDefinition, boundaries: readonly number[]): HistogramMetric {
    return this.#once(name, () => {
      const advice = { explicitBucketBoundaries: [...boundaries] };
      const histogram = this.#meter.createHistogram(name, { ...options, advice });
      const table = new SeriesTable((attributes) => this.#queue.series(histogram, attributes));
      return { series: (attributes) => table.of(attributes) };
    });
  }

  #once<M extends Metric>(name: string, make: () => M): M {
    const metric = this.#made.get(name) ?? make();
    this.#made.set(name, metric);
    return metric as M;
  }

  #told(counter: Counter | UpDownCounter): SumMetric {
    return new SumMetric((series) => {
      // What was active when something was counted is not any more, and what is active now is not about it.
      const sum = new ToldSum(series, (more) => quietly(() => counter.add(more, series.attributes, ROOT_CONTEXT)));
      this.#sums.push(sum);
    });
  }

  #tell(): void {
    this.#queue.collect();
    for (const sum of this.#sums) sum.tell();
  }
}

/** Each for as long as there is its meter: what servers and channels have counted is collected also after their end. */
const known = new WeakMap<Meter, MeterMetrics>();
