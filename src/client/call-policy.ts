import type { DescService } from "@bufbuild/protobuf";
import { checkCount } from "../check-option.js";
import { defaults } from "../defaults.js";
import { CircuitBreaker, type CircuitBreakerOptions } from "../interceptors/circuit-breaker.js";
import { logCircuit } from "../interceptors/connection-log.js";
import type { Logger } from "../interceptors/logger.js";
import { RetryBuffer } from "../rpc/attempts/retry-buffer.js";
import { RetryThrottle } from "../rpc/attempts/retry-throttle.js";
import { checkCircuitBreaker } from "./check-circuit-breaker.js";
import { type CheckedServiceConfig, checkServiceConfig } from "./check-service-config.js";
import { configError } from "./config-place.js";
import { checkAgainstSchema, checkOnlyAbout } from "./method-settings.js";
import type { ServiceConfig } from "./service-config.js";

/** How calls are made that do not just succeed; docs/retries.md. */
export interface CallPolicyOptions {
  /** Retries, hedging, time limits and waiting, method by method. @default methods with `idempotency_level` are retried */
  readonly serviceConfig?: ServiceConfig;
  /**
   * What one call may keep of its messages for another attempt. A call that has sent more is not retried, and its error says
   * so (`notRetried: "buffer"`). @default 4 MiB
   */
  readonly retryBufferBytes?: number;
  /** What all calls of the channel may keep together. @default 32 MiB */
  readonly channelRetryBufferBytes?: number;
  /** Lets calls fail at once while most of them fail anyway; `true` takes the defaults. @default false */
  readonly circuitBreaker?: boolean | Partial<CircuitBreakerOptions>;
}

export const callPolicyKeys = [
  ...(["serviceConfig", "retryBufferBytes", "channelRetryBufferBytes", "circuitBreaker"] as const),
] satisfies (keyof CallPolicyOptions)[];

/** What the calls of a channel share. */
export class CallPolicy {
  readonly config: CheckedServiceConfig;
  readonly throttle: RetryThrottle;
  readonly buffer: RetryBuffer;
  readonly breaker: CircuitBreaker | undefined;

  /** @throws ConfigError ERR_SERVICE_CONFIG; UsageError ERR_INVALID_OPTION */
  constructor(options: CallPolicyOptions, logger: Logger, peer: { toString(): string }) {
    this.config = checkServiceConfig(options.serviceConfig ?? {});
    for (const service of this.config.described) checkAgainstSchema(service, this.config);
    this.throttle = new RetryThrottle(
      this.config.retryThrottling ?? { maxTokens: defaults.retryMaxTokens, tokenRatio: defaultTokenRatio },
    );
    this.buffer = new RetryBuffer({
      retryBufferBytes: checkCount("retryBufferBytes", options.retryBufferBytes ?? defaults.retryBufferBytes),
      channelRetryBufferBytes: checkCount(
        "channelRetryBufferBytes",
        options.channelRetryBufferBytes ?? defaults.channelRetryBufferBytes,
      ),
    });
    const breaker = checkCircuitBreaker(options.circuitBreaker);
    if (breaker === undefined) return;
    this.breaker = new CircuitBreaker(breaker);
    this.breaker.onChange((state) => logCircuit(logger, peer, state));
  }

  /**
   * What holds for a client of a service, most specific first. A config of the client's own may only be about its service.
   *
   * @throws ConfigError ERR_SERVICE_CONFIG
   */
  configsFor(service: DescService, own: ServiceConfig | undefined): CheckedServiceConfig[] {
    checkAgainstSchema(service, this.config);
    if (own === undefined) return [this.config];
    const config = checkServiceConfig(own);
    checkOnlyAbout(service, config);
    checkAgainstSchema(service, config);
    if (config.retryThrottling === undefined) return [config, this.config];
    throw configError(
      "serviceConfig.retryThrottling is not for one client of a shared channel",
      "put it into the serviceConfig of createChannel()",
    );
  }
}

/** What a success puts back of the tokens that failures take: one retry in ten calls is no sign of trouble. */
const defaultTokenRatio = 0.1;
