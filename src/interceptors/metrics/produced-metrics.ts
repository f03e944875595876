import { libraryVersion } from "../library-version.js";
import { type CollectedMetric, gaugeData, histogramData, type ScopeMetrics, sumData } from "./collected-metrics.js";
import { ExactHistogram } from "./exact-histogram.js";
import { GaugeMetric } from "./gauge-metric.js";
import type { HistogramMetric, MetricDefinition, Metrics } from "./metrics.js";
import { SeriesTable } from "./series-table.js";
import { SumMetric } from "./sum-metric.js";

/** Counts by itself all that the SDK would count for a meter, under the same names and in the same buckets. */
export class ProducedMetrics implements Metrics {
  readonly #metrics = new Map<string, Collectable>();

  counter(definition: MetricDefinition): SumMetric {
    return this.#sum(definition, true);
  }

  upDownCounter(definition: MetricDefinition): SumMetric {
    return this.#sum(definition, false);
  }

  gauge(definition: MetricDefinition): GaugeMetric {
    return this.#once(definition, () => {
      const metric = new GaugeMetric();
      return { metric, collect: (now) => gaugeData(definition, metric, now) };
    });
  }

  histogram(definition: MetricDefinition, boundaries: readonly number[]): HistogramMetric {
    return this.#once(definition, () => {
      const table = new SeriesTable((attributes) => new ExactHistogram(attributes, boundaries));
      const metric: HistogramMetric = { series: (attributes) => table.of(attributes) };
      return { metric, collect: (now) => histogramData(definition, table, now) };
    });
  }

  /** As they are now. Metrics of which nothing was counted are left out. */
  collect(): ScopeMetrics[] {
    const now = Date.now();
    const all = [...this.#metrics.values()].map((metric) => metric.collect(now));
    const metrics = all.filter(({ dataPoints }) => dataPoints.length > 0);
    if (metrics.length === 0) return [];
    const version = libraryVersion();
    return [{ scope: { name: "pinwire", ...(version !== undefined && { version }) }, metrics }];
  }

  #sum(definition: MetricDefinition, isMonotonic: boolean): SumMetric {
    return this.#once(definition, () => {
      const metric = new SumMetric();
      return { metric, collect: (now) => sumData(definition, metric, isMonotonic, now) };
    });
  }

  #once<Metric>({ name }: MetricDefinition, make: () => Collectable<Metric>): Metric {
    const known = this.#metrics.get(name) ?? make();
    this.#metrics.set(name, known);
    return known.metric as Metric;
  }
}

interface Collectable<Metric = unknown> {
  readonly metric: Metric;
  collect(now: number): CollectedMetric;
}
