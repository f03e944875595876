import { createRequire } from "node:module";
import type { DescMethod } from "@bufbuild/protobuf";
import {
  type Attributes,
  type Meter,
  type MeterProvider,
  metrics,
  type Tracer,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import type { ClientStage } from "../../rpc/client-method.js";
import type { ServerStage } from "../../rpc/server-method.js";
import type { OpenTelemetryProviders } from "../open-telemetry-option.js";
import { ClientMetrics } from "./client-metrics.js";
import { clientTracing } from "./client-tracing.js";
import { ObservedValues } from "./observed-values.js";
import { ServerMetrics } from "./server-metrics.js";
import { serverTracing } from "./server-tracing.js";

const library = "pinwire";

/** Where the numbers and spans of one server or channel go. What nobody wants is undefined, or no stage. */
export class OpenTelemetry {
  readonly #meter: Meter | undefined;
  readonly #tracer: Tracer | undefined;

  constructor(option: true | OpenTelemetryProviders) {
    const { meterProvider, tracerProvider } = option === true ? registered() : option;
    // The option was checked as far as JavaScript can be; the types of the API are not part of ours.
    this.#meter = (meterProvider as MeterProvider | undefined)?.getMeter(library, version());
    this.#tracer = (tracerProvider as TracerProvider | undefined)?.getTracer(library, version());
  }

  serverMetrics(identity: string): ServerMetrics | undefined {
    return this.#meter && new ServerMetrics(this.#meter, identity);
  }

  clientMetrics(target: string): ClientMetrics | undefined {
    return this.#meter && new ClientMetrics(this.#meter, target);
  }

  /** For what is read when it is collected. */
  values(attributes: Attributes): ObservedValues | undefined {
    return this.#meter && new ObservedValues(this.#meter, attributes);
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

/** By its own name, so that it is found wherever the package was built to; a bundle may not have it. */
function version(): string | undefined {
  try {
    return createRequire(import.meta.url)("pinwire/package.json").version;
  } catch {
    return undefined;
  }
}
