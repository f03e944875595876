import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { SchemaService } from "../gen/pinwire/direct/v1/schema_pb.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import { assertServed, methodLimits } from "../interceptors/method-limits.js";
import { strayLog } from "../interceptors/stray-log.js";
import type { Validate } from "../interceptors/validation.js";
import type { StrayReporter } from "../rpc/call.js";
import { methodContract } from "../rpc/method-contract.js";
import { methodPath } from "../rpc/method-path.js";
import { type AnyHandler, type ServerMethod, serverMethod, unknownServerMethod } from "../rpc/server-method.js";
import { timeLimits } from "../rpc/time-limits.js";
import type { AnyImplementation } from "./registered-services.js";
import { schemaService } from "./schema-service.js";
import type { CheckedServerOptions } from "./server-options.js";
import type { MethodStages, Stages } from "./stages.js";

export interface RoutesOptions
  extends Pick<CheckedServerOptions, "callLimits" | "limits" | "logger" | "maxTimeoutIsChosen"> {
  readonly services: ReadonlyMap<DescService, AnyImplementation>;
  readonly validations: ReadonlyMap<DescMethod, Validate>;
  permits(caller: SpiffeId, path: string): boolean;
}

/** What each path leads to. */
export class Routes {
  readonly #options: RoutesOptions;
  readonly #stages: Stages;
  readonly #onStray: StrayReporter;
  readonly #byPath = new Map<string, ServerMethod>();
  readonly #unknown: ServerMethod;

  /** @throws UsageError ERR_INVALID_OPTION when there are limits for a method that is not served */
  constructor(options: RoutesOptions, stages: Stages) {
    this.#options = options;
    this.#stages = stages;
    this.#onStray = strayLog(options.logger);
    const names = new Set<string>();
    for (const [service, implementation] of options.services) {
      for (const method of service.methods) {
        names.add(methodContract(method).name);
        // Looked up per call, so that handlers may use `this`.
        this.#add(method, (request, context) => implementation[method.localName]?.(request, context));
      }
    }
    assertServed(options.callLimits, names);
    this.#addSchemas();
    this.#unknown = unknownServerMethod(stages.of(undefined).outer, timeLimits(this.#bound, undefined));
  }

  /** Always something: a path that is not served leads through the same stages, to a refusal. */
  get(path: string): ServerMethod {
    return this.#byPath.get(path) ?? this.#unknown;
  }

  /** The schema service decides by itself, about each method that it is asked for; no interceptor of the user sees it. */
  #addSchemas(): void {
    const { services, permits } = this.#options;
    const method = SchemaService.method.describeMethod;
    const { describeMethod } = schemaService(services.keys(), permits);
    this.#add(method, describeMethod, { ...this.#stages.of(method, []), inner: [] });
  }

  #add(method: DescMethod, handler: AnyHandler, stages: MethodStages = this.#stages.of(method)): void {
    const { callLimits, limits, validations } = this.#options;
    const contract = methodContract(method);
    const { maxRequestBytes, maxResponseBytes } = methodLimits(contract, callLimits);
    const made = serverMethod(method, handler, {
      ...stages,
      validate: validations.get(method),
      timeLimits: timeLimits(this.#bound, contract),
      maxMessageBytes: limits.maxMessageBytes,
      maxRequestBytes,
      maxResponseBytes,
      onStray: this.#onStray,
    });
    this.#byPath.set(methodPath(method), made);
  }

  get #bound() {
    const { limits, maxTimeoutIsChosen } = this.#options;
    return { maxTimeoutMs: limits.maxTimeoutMs, isChosen: maxTimeoutIsChosen };
  }
}
