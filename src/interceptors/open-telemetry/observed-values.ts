import type { Attributes, Meter, Observable } from "@opentelemetry/api";

/** Values that are read when somebody collects them, until this is disposed of. */
export class ObservedValues implements Disposable {
  readonly #meter: Meter;
  readonly #attributes: Attributes;
  readonly #stop: (() => void)[] = [];

  constructor(meter: Meter, attributes: Attributes) {
    this.#meter = meter;
    this.#attributes = attributes;
  }

  gauge(name: string, unit: string, description: string, read: () => number): void {
    this.#observe(this.#meter.createObservableGauge(name, { unit, description }), read);
  }

  /** Of this process' own certificate; negative once it has expired. */
  secondsUntil(notAfter: () => Date): void {
    const left = () => (notAfter().getTime() - Date.now()) / 1_000;
    this.gauge("pinwire.certificate.expiry", "s", "Seconds until the certificate of this process expires", left);
  }

  /** What only grows. */
  count(name: string, unit: string, description: string, read: () => number): void {
    this.#observe(this.#meter.createObservableCounter(name, { unit, description }), read);
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stop.splice(0)) stop();
  }

  #observe(instrument: Observable, read: () => number): void {
    const callback: Parameters<Observable["addCallback"]>[0] = (result) => result.observe(read(), this.#attributes);
    instrument.addCallback(callback);
    this.#stop.push(() => instrument.removeCallback(callback));
  }
}
