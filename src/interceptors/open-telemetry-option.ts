import { checkKeys } from "../check-option.js";
import { UsageError } from "../errors.js";
import { LateProducer, type MetricProducer } from "./metrics/metric-producer.js";

/** A `MeterProvider` of `@opentelemetry/api`, which is optional: these types can be read without it. */
export interface AnyMeterProvider {
  getMeter(name: string, version?: string): object;
}

/** A `TracerProvider` of `@opentelemetry/api`. */
export interface AnyTracerProvider {
  getTracer(name: string, version?: string): object;
}

/** Whoever gives one provider gets only what it is for. */
export interface OpenTelemetryProviders {
  readonly meterProvider?: AnyMeterProvider;
  /** From `createMetricProducer()`, in the place of a `meterProvider`: the same metrics for a fraction of the cost. */
  readonly metricProducer?: MetricProducer;
  readonly tracerProvider?: AnyTracerProvider;
}

/** `true` takes the providers that the process has registered globally. docs/telemetry.md has all names. */
export type OpenTelemetryOption = boolean | OpenTelemetryProviders;

/** @returns undefined when nothing is wanted @throws UsageError ERR_INVALID_OPTION */
export function checkOpenTelemetry(option: OpenTelemetryOption | undefined): true | OpenTelemetryProviders | undefined {
  if (option === undefined || option === false) return undefined;
  if (option === true) return true;
  if (typeof option !== "object" || option === null) throw invalid();
  checkKeys("openTelemetry", option, ["meterProvider", "metricProducer", "tracerProvider"]);
  const { meterProvider, metricProducer, tracerProvider } = option;
  const meters = meterProvider === undefined || typeof meterProvider?.getMeter === "function";
  const tracers = tracerProvider === undefined || typeof tracerProvider?.getTracer === "function";
  if (!meters || !tracers || (meterProvider ?? metricProducer ?? tracerProvider) === undefined) throw invalid();
  checkProducer(option);
  return option;
}

function checkProducer({ metricProducer, meterProvider }: OpenTelemetryProviders): void {
  if (metricProducer === undefined) return;
  if (!(metricProducer instanceof LateProducer)) {
    throw new UsageError(
      "ERR_INVALID_OPTION",
      "openTelemetry.metricProducer must be what createMetricProducer() returned",
    );
  }
  if (meterProvider === undefined) return;
  throw new UsageError("ERR_INVALID_OPTION", "openTelemetry takes a meterProvider or a metricProducer, not both");
}

function invalid(): UsageError {
  return new UsageError(
    "ERR_INVALID_OPTION",
    "openTelemetry must be true, false or an object with a meterProvider or metricProducer, a tracerProvider, or both",
  );
}
