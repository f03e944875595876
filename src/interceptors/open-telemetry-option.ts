import { checkKeys } from "../check-option.js";
import { UsageError } from "../errors.js";

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
  readonly tracerProvider?: AnyTracerProvider;
}

/** `true` takes the providers that the process has registered globally. docs/telemetry.md has all names. */
export type OpenTelemetryOption = boolean | OpenTelemetryProviders;

/** @returns undefined when nothing is wanted @throws UsageError ERR_INVALID_OPTION */
export function checkOpenTelemetry(option: OpenTelemetryOption | undefined): true | OpenTelemetryProviders | undefined {
  if (option === undefined || option === false) return undefined;
  if (option === true) return true;
  if (typeof option !== "object" || option === null) throw invalid();
  checkKeys("openTelemetry", option, ["meterProvider", "tracerProvider"]);
  const { meterProvider, tracerProvider } = option;
  const meters = meterProvider === undefined || typeof meterProvider?.getMeter === "function";
  const tracers = tracerProvider === undefined || typeof tracerProvider?.getTracer === "function";
  if (!meters || !tracers || (meterProvider ?? tracerProvider) === undefined) throw invalid();
  return option;
}

function invalid(): UsageError {
  return new UsageError(
    "ERR_INVALID_OPTION",
    "openTelemetry must be true, false or an object with a meterProvider, a tracerProvider or both",
  );
}
