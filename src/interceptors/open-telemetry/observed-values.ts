import type { Attributes, MetricDefinition, Metrics } from "../metrics/metrics.js";

/** Values that are read when somebody collects them, until this is disposed of. */
export class ObservedValues implements Disposable {
  readonly #metrics: Metrics;
  readonly #attributes: Attributes;
  readonly #followed: Disposable[] = [];

  constructor(metrics: Metrics, attributes: Attributes) {
    this.#metrics = metrics;
    this.#attributes = attributes;
  }

  gauge(name: string, unit: string, description: string, read: () => number): void {
    this.#followed.push(this.#metrics.gauge({ name, unit, description }).follow(this.#attributes, read));
  }

  /** Of this process' own certificate; negative once it has expired. */
  secondsUntil(notAfter: () => Date): void {
    const left = () => (notAfter().getTime() - Date.now()) / 1_000;
    this.gauge("pinwire.certificate.expiry", "s", "Seconds until the certificate of this process expires", left);
  }

  /** What only grows, and may be given to several. */
  count<Source extends object>(metric: MetricDefinition, source: Source, read: (source: Source) => number): void {
    this.#followed.push(this.#metrics.counter(metric).series(this.#attributes).follow(source, read));
  }

  [Symbol.dispose](): void {
    for (const each of this.#followed.splice(0)) each[Symbol.dispose]();
  }
}
