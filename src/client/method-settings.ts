import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { defaults } from "../defaults.js";
import type { CheckedHedgingPolicy, CheckedRetryPolicy } from "../rpc/attempts/retry-policy.js";
import { methodName } from "../rpc/method-path.js";
import { Status } from "../status.js";
import type { CheckedMethodConfig, CheckedServiceConfig } from "./check-service-config.js";
import { configError } from "./config-place.js";

/** What the service configs say about one method. */
export interface MethodSettings {
  readonly timeoutMs: number | undefined;
  readonly waitForReady: boolean;
  readonly retry: CheckedRetryPolicy | undefined;
  readonly hedging: CheckedHedgingPolicy | undefined;
}

/** What is retried where nobody says anything: whoever wrote `idempotency_level` has said that it is safe. */
const defaultRetryPolicy: CheckedRetryPolicy = {
  maxAttempts: defaults.retryMaxAttempts,
  initialBackoffMs: defaults.retryInitialBackoffMs,
  maxBackoffMs: defaults.retryMaxBackoffMs,
  backoffMultiplier: 2,
  retryable: new Set([Status.UNAVAILABLE]),
};

/**
 * The settings of a method; of several configs the first that says something about it.
 */
export function methodSettings(method: DescMethod, configs: readonly CheckedServiceConfig[]): MethodSettings {
  const keys = [methodName(method), method.parent.typeName, ""];
  const found = configs.flatMap(({ entries }) => keys.map((key) => entries.get(key))).find(isThere);
  return {
    timeoutMs: found?.timeoutMs,
    waitForReady: found?.waitForReady ?? false,
    hedging: isWithoutSideEffects(method) ? found?.hedging : undefined,
    retry: isRepeatable(method) && found?.hedging === undefined ? retryPolicyOf(found) : undefined,
  };
}

/**
 * Checks what a config says about a service against its schema.
 *
 * @throws ConfigError ERR_SERVICE_CONFIG for a method that there is not, a retry policy where a schema does not say that a
 * method may be repeated, hedging where it does not say that it has no side effects
 */
export function checkAgainstSchema(service: DescService, { entries }: CheckedServiceConfig): void {
  for (const [key, entry] of entries) {
    const [typeName, name] = key.split("/");
    if (typeName !== service.typeName) continue;
    const methods = name === undefined ? service.methods : service.methods.filter((method) => method.name === name);
    if (methods.length === 0) throw noSuchMethod(service, name ?? "", entry);
    for (const method of methods) checkMethod(method, entry);
  }
}

/** @throws ConfigError ERR_SERVICE_CONFIG when a config is about another service than the only one it can be for */
export function checkOnlyAbout(service: DescService, { entries }: CheckedServiceConfig): void {
  for (const [key, { path }] of entries) {
    const [typeName] = key.split("/");
    if (typeName === "" || typeName === service.typeName) continue;
    throw configError(`${path} names the service ${typeName}`, `this client is one of ${service.typeName}`);
  }
}

function checkMethod(method: DescMethod, { path, retry, hedging }: CheckedMethodConfig): void {
  const name = methodName(method);
  if (retry !== undefined && retry !== "none" && !isRepeatable(method)) {
    throw configError(
      `${path}.retryPolicy is for ${name}, whose schema does not say that it may be repeated`,
      "give the method the option idempotency_level (IDEMPOTENT or NO_SIDE_EFFECTS) if that is so, else name only methods that have it",
    );
  }
  if (hedging !== undefined && !isWithoutSideEffects(method)) {
    throw configError(
      `${path}.hedgingPolicy is for ${name}, whose schema does not say that it has no side effects`,
      "give the method the option idempotency_level = NO_SIDE_EFFECTS if that is so, else name only methods that have it",
    );
  }
}

function noSuchMethod(service: DescService, name: string, { path }: CheckedMethodConfig): Error {
  const names = service.methods.map((method) => method.name).join(", ");
  return configError(`${path} names ${service.typeName}/${name}, which does not exist`, `there are ${names}`);
}

function retryPolicyOf(found: CheckedMethodConfig | undefined): CheckedRetryPolicy | undefined {
  return found?.retry === "none" ? undefined : (found?.retry ?? defaultRetryPolicy);
}

/** google.protobuf.MethodOptions.IdempotencyLevel, without loading protobuf for it. */
const noSideEffects = 1;
const idempotent = 2;

function isWithoutSideEffects({ idempotency }: DescMethod): boolean {
  return idempotency === noSideEffects;
}

function isRepeatable({ idempotency }: DescMethod): boolean {
  return idempotency === noSideEffects || idempotency === idempotent;
}

function isThere<T>(value: T | undefined): value is T {
  return value !== undefined;
}
