import { checkCount, checkDelayMs, checkKeys, checkRatio } from "../check-option.js";
import { defaults } from "../defaults.js";
import type { CircuitBreakerOptions } from "../interceptors/circuit-breaker.js";

/** @throws UsageError ERR_INVALID_OPTION */
export function checkCircuitBreaker(
  option: boolean | Partial<CircuitBreakerOptions> | undefined,
): CircuitBreakerOptions | undefined {
  if (option === undefined || option === false) return undefined;
  const options = option === true ? {} : option;
  checkKeys("circuitBreaker", options, ["windowMs", "minCalls", "failureRatio", "openMs"]);
  return {
    windowMs: checkDelayMs("circuitBreaker.windowMs", options.windowMs ?? defaults.circuitWindowMs),
    minCalls: checkCount("circuitBreaker.minCalls", options.minCalls ?? defaults.circuitMinCalls),
    failureRatio: checkRatio(
      "circuitBreaker.failureRatio",
      options.failureRatio ?? defaults.circuitFailurePercent / 100,
    ),
    openMs: checkDelayMs("circuitBreaker.openMs", options.openMs ?? defaults.circuitOpenMs),
  };
}
