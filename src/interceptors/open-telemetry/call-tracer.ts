import { ProxyTracerProvider, propagation, type Tracer, type TracerProvider } from "@opentelemetry/api";
import { libraryVersion } from "../library-version.js";

/** What makes the spans of calls; it knows when there is nobody who would have them. */
export class CallTracer {
  readonly tracer: Tracer;
  readonly #provider: TracerProvider;
  #isUsed = false;

  constructor(provider: TracerProvider) {
    this.tracer = provider.getTracer("pinwire", libraryVersion());
    this.#provider = provider;
  }

  /**
   * Nobody has registered a tracer provider as yet, nor a propagator to which the trace of a caller would mean anything: a span
   * would be empty, and end here. Registering may come at any time.
   */
  get isIdle(): boolean {
    if (this.#isUsed) return false;
    this.#isUsed =
      !(this.#provider instanceof ProxyTracerProvider) || this.#provider.getDelegateTracer("pinwire") !== undefined;
    return !this.#isUsed && propagation.fields().length === 0;
  }
}
