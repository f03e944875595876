import type { DescService } from "@bufbuild/protobuf";
import { maxDelayMs } from "../check-option.js";
import type { CheckedHedgingPolicy, CheckedRetryPolicy } from "../rpc/attempts/retry-policy.js";
import type { RetryThrottling } from "../rpc/attempts/retry-throttle.js";
import { Status, type StatusName } from "../status.js";
import { ConfigPlace, configError } from "./config-place.js";
import { neverRetried } from "./service-config.js";

/** A service config whose every value is right; whether its names exist is for the client of a service to say. */
export interface CheckedServiceConfig {
  /** By `""` (all methods), `package.Service` or `package.Service/Method`. */
  readonly entries: ReadonlyMap<string, CheckedMethodConfig>;
  readonly retryThrottling: RetryThrottling | undefined;
  /** Services that were named by their descriptors. */
  readonly described: readonly DescService[];
}

export interface CheckedMethodConfig {
  /** Where it stands, for error messages. */
  readonly path: string;
  readonly timeoutMs: number | undefined;
  readonly waitForReady: boolean | undefined;
  readonly retry: CheckedRetryPolicy | "none" | undefined;
  readonly hedging: CheckedHedgingPolicy | undefined;
}

/** @throws ConfigError ERR_SERVICE_CONFIG with the place and the fix; nothing is applied then */
export function checkServiceConfig(config: unknown): CheckedServiceConfig {
  const { methodConfig, retryThrottling } = new ConfigPlace("serviceConfig", config).fields([
    "methodConfig",
    "retryThrottling",
  ]);
  const entries = new Map<string, CheckedMethodConfig>();
  const described = new Set<DescService>();
  for (const place of methodConfig.present ? methodConfig.items({ min: 0 }) : []) {
    const { name, ...rest } = place.fields(["name", "timeoutMs", "waitForReady", "retryPolicy", "hedgingPolicy"]);
    const checked = checkMethodConfig(place, rest);
    for (const each of name.items({ min: 1 })) {
      const key = checkName(each, described);
      const other = entries.get(key);
      if (other !== undefined) {
        throw configError(`${each.path} names ${key || "all methods"} a second time`, `${other.path} does already`);
      }
      entries.set(key, checked);
    }
  }
  return {
    entries,
    retryThrottling: retryThrottling.present ? checkThrottling(retryThrottling) : undefined,
    described: [...described],
  };
}

type Rest = Record<"timeoutMs" | "waitForReady" | "retryPolicy" | "hedgingPolicy", ConfigPlace>;

function checkMethodConfig(
  { path }: ConfigPlace,
  { timeoutMs, waitForReady, retryPolicy, hedgingPolicy }: Rest,
): CheckedMethodConfig {
  if (retryPolicy.present && hedgingPolicy.present) {
    throw configError(`${path} has retryPolicy and hedgingPolicy`, "a method has at most one of them");
  }
  return {
    path,
    timeoutMs: timeoutMs.present ? checkSpan(timeoutMs, 1) : undefined,
    waitForReady: waitForReady.present ? waitForReady.boolean() : undefined,
    retry: retryPolicy.present ? checkRetryPolicy(retryPolicy) : undefined,
    hedging: hedgingPolicy.present ? checkHedgingPolicy(hedgingPolicy) : undefined,
  };
}

function checkRetryPolicy(place: ConfigPlace): CheckedRetryPolicy | "none" {
  if (place.value === "none") return "none";
  const fields = place.fields([
    ...(["maxAttempts", "initialBackoffMs", "maxBackoffMs", "backoffMultiplier", "retryableStatusCodes"] as const),
  ]);
  return {
    maxAttempts: checkAttempts(fields.maxAttempts),
    initialBackoffMs: checkSpan(fields.initialBackoffMs, 0, "more than 0"),
    maxBackoffMs: checkSpan(fields.maxBackoffMs, 0, "more than 0"),
    backoffMultiplier: fields.backoffMultiplier.number("be from 1 to 100", (value) => value >= 1 && value <= 100),
    retryable: checkStatuses(fields.retryableStatusCodes, 1),
  };
}

function checkHedgingPolicy(place: ConfigPlace): CheckedHedgingPolicy {
  const { maxAttempts, hedgingDelayMs, nonFatalStatusCodes } = place.fields([
    ...(["maxAttempts", "hedgingDelayMs", "nonFatalStatusCodes"] as const),
  ]);
  return {
    maxAttempts: checkAttempts(maxAttempts),
    hedgingDelayMs: checkSpan(hedgingDelayMs, 0),
    nonFatal: nonFatalStatusCodes.present ? checkStatuses(nonFatalStatusCodes, 0) : new Set(),
  };
}

/** gRFC A6 lets a client lower what is over five to five; that would be a wish that is ignored without a word. */
function checkAttempts(place: ConfigPlace): number {
  return place.number("be 2, 3, 4 or 5", (value) => Number.isInteger(value) && value >= 2 && value <= 5);
}

function checkSpan(place: ConfigPlace, min: number, least = `at least ${min}`): number {
  const fits = (value: number) => (least.startsWith("more") ? value > min : value >= min) && value <= maxDelayMs;
  return place.number(`be ${least} milliseconds, and at most ${maxDelayMs}`, fits);
}

function checkStatuses(place: ConfigPlace, min: 0 | 1): ReadonlySet<Status> {
  const statuses = new Set<Status>();
  for (const each of place.items({ min })) {
    const name = each.value as StatusName;
    if (typeof name !== "string" || !Object.hasOwn(Status, name)) throw each.wrong("be the name of a gRPC status");
    if ((neverRetried as StatusName[]).includes(name)) {
      throw configError(
        `${each.path} is ${name}`,
        `leave it out: a call that ends with ${neverRetried.slice(1).join(", ")} is never sent again`,
      );
    }
    if (statuses.has(Status[name])) throw configError(`${each.path} is ${name} a second time`, "name it once");
    statuses.add(Status[name]);
  }
  return statuses;
}

function checkThrottling(place: ConfigPlace): RetryThrottling {
  const { maxTokens, tokenRatio } = place.fields(["maxTokens", "tokenRatio"]);
  return {
    maxTokens: maxTokens.number("be more than 0 and at most 1000", (value) => value > 0 && value <= 1_000),
    tokenRatio: tokenRatio.number("be from 0.001 to 1", (value) => value >= 0.001 && value <= 1),
  };
}

function checkName(place: ConfigPlace, described: Set<DescService>): string {
  const { service, method } = place.fields(["service", "method"]);
  if (!service.present) {
    if (!method.present) return "";
    throw configError(`${place.path} names a method without its service`, "add service");
  }
  const typeName = serviceName(service, described);
  if (!method.present) return typeName;
  if (typeof method.value !== "string" || method.value === "") throw method.wrong("be the name of a method");
  return `${typeName}/${method.value}`;
}

function serviceName(place: ConfigPlace, described: Set<DescService>): string {
  const { value } = place;
  if (typeof value === "string" && /^[A-Za-z_][\w.]*$/.test(value)) return value;
  const service = value as DescService | null;
  if (typeof service === "object" && service?.kind === "service") {
    described.add(service);
    return service.typeName;
  }
  throw place.wrong("be a service, or its full name (package.Service)");
}
