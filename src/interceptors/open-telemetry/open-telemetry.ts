import type { DescMethod } from "@bufbuild/protobuf";
import { type MeterProvider, metrics, type TracerProvider, trace } from "@opentelemetry/api";
import type { ClientStage } from "../../rpc/client-method.js";
import type { ServerStage } from "../../rpc/server-method.js";
import { libraryVersion } from "../library-version.js";
import { LateProducer } from "../metrics/metric-producer.js";
import type { Attributes, Metrics } from "../metrics/metrics.js";
import { ProducedMetrics } from "../metrics/produced-metrics.js";
import type { OpenTelemetryProviders } from "../open-telemetry-option.js";
import { CallTracer } from "./call-tracer.js";
import { ClientMetrics } from "./client-metrics.js";
import { clientTracing } from "./client-tracing.js";
import { MeterMetrics } from "./meter-metrics.js";
import { ObservedValues } from "./observed-values.js";
import { ServerMetrics } from "./server-metrics.js";
import { serverTracing } from "./server-tracing.js";

/** Where the numbers and spans of one server or channel go. What nobody wants is undefined, or no stage. */
export class OpenTelemetry {
  readonly #metrics: Metrics | undefined;
  readonly #tracer: CallTracer | undefined;

  constructor(option: true | OpenTelemetryProviders) {
    const providers = option === true ? registered() : option;
    this.#metrics = metricsOf(providers);
    // The option was checked as far as JavaScript can be; the types of the API are not part of ours.
    const tracerProvider = providers.tracerProvider as TracerProvider | undefined;
    this.#tracer = tracerProvider && new CallTracer(tracerProvider);
  }

  serverMetrics(identity: string): ServerMetrics | undefined {
    return this.#metrics && new ServerMetrics(this.#metrics, identity);
  }

  clientMetrics(target: string): ClientMetrics | undefined {
    return this.#metrics && new ClientMetrics(this.#metrics, target);
  }

  /** For what is read when it is collected. */
  values(attributes: Attributes): ObservedValues | undefined {
    return this.#metrics && new ObservedValues(this.#metrics, attributes);
  }

  serverStages(): ServerStage[] {
    return this.#tracer === undefined ? [] : [serverTracing(this.#tracer)];
  }

  clientStages(method: DescMethod): ClientStage[] {
    return this.#tracer === undefined ? [] : [clientTracing(this.#tracer, method)];
  }
}

function registered(): OpenTelemetryProviders {
  return { meterProvider: metrics.getMeterProvider(), tracerProvider: trace.getTracerProvider() };
}

function metricsOf({ meterProvider, metricProducer }: OpenTelemetryProviders): Metrics | undefined {
  if (metricProducer instanceof LateProducer) return metricProducer.metrics(() => new ProducedMetrics());
  const provider = meterProvider as MeterProvider | undefined;
  return provider && MeterMetrics.of(provider.getMeter("pinwire", libraryVersion()));
}
