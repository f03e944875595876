import type { DescMethod } from "@bufbuild/protobuf";
import type { ServerAudit } from "../audit/server-audit.js";
import { AbandonedCalls } from "../interceptors/abandoned-calls.js";
import { authentication } from "../interceptors/authentication.js";
import { authorization } from "../interceptors/authorization.js";
import { deadline } from "../interceptors/deadline.js";
import { payloadLog } from "../interceptors/payload-log.js";
import type { LivePolicy } from "../interceptors/policy-live.js";
import type { Quarantine } from "../interceptors/quarantine.js";
import type { RefusalCounts } from "../interceptors/refusal-counts.js";
import type { ServerObservers } from "../interceptors/server-observer.js";
import { serverTelemetry } from "../interceptors/server-telemetry.js";
import { guarded } from "../rpc/interceptor.js";
import { methodContract } from "../rpc/method-contract.js";
import type { ServerCall } from "../rpc/server-call.js";
import type { ServerStage } from "../rpc/server-method.js";
import type { LimitStages } from "./limit-stages.js";
import type { OpenTelemetryStage } from "./open-telemetry-stage.js";
import type { CheckedServerOptions } from "./server-options.js";
import type { TokenStage } from "./token-stage.js";

export interface StagesOptions
  extends Pick<CheckedServerOptions, "interceptors" | "limits" | "logger" | "logMetadata" | "logPayloads"> {
  readonly audit: ServerAudit | undefined;
  readonly limitStages: LimitStages;
  readonly observers: ServerObservers;
  readonly openTelemetry: OpenTelemetryStage;
  readonly policy: LivePolicy;
  readonly quarantine: Quarantine | undefined;
  readonly refusals: RefusalCounts;
  readonly tokens: TokenStage;
}

/** What runs around each call of one method, outermost first: `outer` before its request is decoded, `inner` after. */
export interface MethodStages {
  readonly outer: readonly ServerStage[];
  readonly inner: readonly ServerStage[];
}

/** The stages of one server. Each is made once, and counts for all methods together. */
export class Stages {
  readonly #options: StagesOptions;
  readonly #telemetry: ServerStage;
  readonly #quarantine: readonly ServerStage[];
  readonly #abandoned: AbandonedCalls;
  readonly #authorization: ServerStage;
  readonly #interceptors: readonly ServerStage[];

  constructor(options: StagesOptions) {
    const { audit, logger, refusals, logMetadata, observers, quarantine, limits, policy, interceptors } = options;
    this.#options = options;
    this.#telemetry = serverTelemetry(logger, refusals, logMetadata, observers.and(audit?.ends));
    this.#quarantine = quarantine === undefined ? [] : [quarantine.stage];
    this.#abandoned = new AbandonedCalls({ maxPerConnection: limits.maxConcurrentStreams });
    this.#authorization = authorization(policy, logger);
    this.#interceptors = interceptors.map((interceptor) => guarded<ServerCall>(interceptor));
  }

  /**
   * The order, outermost first; src/README.md has the picture.
   *
   * @param method undefined for the names that are not served
   * @param authorization for the one method that decides by itself whom it answers
   */
  of(method: DescMethod | undefined, authorization: readonly ServerStage[] = [this.#authorization]): MethodStages {
    const contract = method && methodContract(method);
    const { audit, limitStages, openTelemetry, tokens, logPayloads, logger } = this.#options;
    const { before, after } = limitStages.of(contract);
    const outer = [
      ...openTelemetry.stages,
      this.#telemetry, // and the ends of calls, for the audit log
      authentication,
      ...this.#quarantine,
      this.#abandoned.stage,
      ...before, // freshness, load shedding, rate of the caller
      ...authorization,
      ...after, // rate of the method, concurrency
      ...tokens.of(contract),
      deadline,
      ...(audit?.admission(contract) ?? []),
    ];
    // Here rpc/server-method.ts decodes and validates the request.
    const inner = [...(method ? payloadLog(method, logPayloads, logger) : []), ...this.#interceptors];
    return { outer, inner };
  }
}
