import { JsonFault, lineAndColumn, readJson } from "../interceptors/policy-json.js";
import { Status, statusName } from "../status.js";
import { ConfigPlace, configError } from "./config-place.js";
import type { ServiceConfig } from "./service-config.js";

/**
 * Reads a service config in gRPC's own JSON form: durations as `"0.1s"`, statuses as names or numbers, `timeout`,
 * `initialBackoff`, `maxBackoff` and `hedgingDelay` without units in their names. What the values mean is checked where the
 * config is used.
 *
 * @throws ConfigError ERR_SERVICE_CONFIG for what is not JSON, an unknown field, a duration that is none
 */
export function parseServiceConfig(json: string): ServiceConfig {
  const root = new ConfigPlace("serviceConfig", parseJson(json)).fields(["methodConfig", "retryThrottling"]);
  // createChannel() and createClient() check all of it again, and say where it is wrong.
  return {
    ...(root.methodConfig.present && { methodConfig: root.methodConfig.items({ min: 0 }).map(methodConfig) }),
    ...(root.retryThrottling.present && { retryThrottling: root.retryThrottling.value }),
  } as ServiceConfig;
}

/** Says where it is wrong, and takes no key twice: the second would replace the first without a word. */
function parseJson(json: string): unknown {
  if (typeof json !== "string") throw configError("serviceConfig is not a text", "docs/retries.md has an example");
  try {
    readJson(json);
    return JSON.parse(json);
  } catch (cause) {
    if (!(cause instanceof JsonFault)) throw cause;
    const { line, column } = lineAndColumn(json, cause.at);
    throw configError(`serviceConfig:${line}:${column}: ${cause.message}`, "docs/retries.md has an example");
  }
}

function methodConfig(place: ConfigPlace): object {
  const fields = place.fields(["name", "timeout", "waitForReady", "retryPolicy", "hedgingPolicy"]);
  return {
    name: fields.name.value,
    ...milliseconds("timeoutMs", fields.timeout),
    ...(fields.waitForReady.present && { waitForReady: fields.waitForReady.value }),
    ...(fields.retryPolicy.present && { retryPolicy: retryPolicy(fields.retryPolicy) }),
    ...(fields.hedgingPolicy.present && { hedgingPolicy: hedgingPolicy(fields.hedgingPolicy) }),
  };
}

function retryPolicy(place: ConfigPlace): object {
  const { maxAttempts, initialBackoff, maxBackoff, backoffMultiplier, retryableStatusCodes } = place.fields([
    ...(["maxAttempts", "initialBackoff", "maxBackoff", "backoffMultiplier", "retryableStatusCodes"] as const),
  ]);
  return {
    maxAttempts: maxAttempts.value,
    ...milliseconds("initialBackoffMs", initialBackoff),
    ...milliseconds("maxBackoffMs", maxBackoff),
    backoffMultiplier: backoffMultiplier.value,
    retryableStatusCodes: statuses(retryableStatusCodes),
  };
}

function hedgingPolicy(place: ConfigPlace): object {
  const fields = place.fields(["maxAttempts", "hedgingDelay", "nonFatalStatusCodes"]);
  return {
    maxAttempts: fields.maxAttempts.value,
    // The gRFC lets it be left out, for no delay at all.
    hedgingDelayMs: 0,
    ...milliseconds("hedgingDelayMs", fields.hedgingDelay),
    ...(fields.nonFatalStatusCodes.present && { nonFatalStatusCodes: statuses(fields.nonFatalStatusCodes) }),
  };
}

/** A duration of protobuf's JSON form: seconds, to nine decimals, and an `s`. */
function milliseconds(name: string, place: ConfigPlace): object {
  if (!place.present) return {};
  const match = typeof place.value === "string" ? /^(-?\d{1,12}(?:\.\d{1,9})?)s$/.exec(place.value) : null;
  if (match === null) throw place.wrong('be a duration such as "0.1s"');
  return { [name]: Number(match[1]) * 1_000 };
}

/** gRPC takes numbers, and names in any letter case. */
function statuses(place: ConfigPlace): unknown {
  if (!Array.isArray(place.value)) return place.value;
  return place.value.map((value: unknown) => {
    if (typeof value === "number") return Object.values(Status).includes(value as Status) ? statusName(value) : value;
    return typeof value === "string" ? value.toUpperCase() : value;
  });
}
