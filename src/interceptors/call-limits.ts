import { checkCount, checkDelayMs, checkKeys } from "../check-option.js";
import { defaults } from "../defaults.js";
import { UsageError } from "../errors.js";
import type { Rate } from "../token-bucket.js";

/** How often one identity may begin a call. A number is a rate whose burst is one second's worth, at least one call. */
export type RateOption = number | { readonly perSecond: number; readonly burst?: number };

/** What a server allows beside what its schema says; where both say something, the smaller number holds. */
export interface LimitOptions {
  /** Calls one identity may begin in a second, of all methods together. @default none */
  readonly callsPerSecond?: RateOption;
  /** The same for each method by itself. All names that are not served count as one method. @default none */
  readonly callsPerSecondPerMethod?: RateOption;
  /** Calls of one identity under way at once, on all its connections together. @default 2_000 */
  readonly maxConcurrentCalls?: number;
  /** How many of those may be streams, of whichever side. @default 1_000 */
  readonly maxOpenStreams?: number;
  /**
   * Single methods, by `package.Service/Method`.
   * @example methods: { "notes.v1.NotesService/Search": { callsPerSecond: 5, maxResponseBytes: 64 * 1024 } }
   */
  readonly methods?: Readonly<Record<string, MethodLimitOptions>>;
  /** New calls are refused while the event loop runs late by more than this, for longer than a moment. @default 500 */
  readonly maxEventLoopDelayMs?: number;
  /** Asked at each call: true refuses it with `UNAVAILABLE`. For what you know of your own load. @default never */
  readonly isOverloaded?: () => boolean;
}

/** Limits of one method, for each identity. Where the schema says something too, the smaller number holds. */
export interface MethodLimitOptions {
  /** How often an identity may begin a call. */
  readonly callsPerSecond?: RateOption;
  /** How many calls of an identity may be under way. */
  readonly maxConcurrentCalls?: number;
  /** The largest request message, in bytes. */
  readonly maxRequestBytes?: number;
  /** The largest response message, in bytes. */
  readonly maxResponseBytes?: number;
}

/** {@link LimitOptions}, each checked and set. */
export interface CallLimits {
  readonly rate: Rate | undefined;
  readonly ratePerMethod: Rate | undefined;
  readonly maxConcurrentCalls: number;
  readonly maxOpenStreams: number;
  readonly methods: ReadonlyMap<string, LimitsOfMethod>;
  readonly maxEventLoopDelayMs: number;
  readonly isOverloaded: (() => boolean) | undefined;
}

export interface LimitsOfMethod {
  readonly rate: Rate | undefined;
  readonly maxConcurrentCalls: number | undefined;
  readonly maxRequestBytes: number | undefined;
  readonly maxResponseBytes: number | undefined;
}

const optionKeys = [
  ...(["callsPerSecond", "callsPerSecondPerMethod", "maxConcurrentCalls", "maxOpenStreams", "methods"] as const),
  ...(["maxEventLoopDelayMs", "isOverloaded"] as const),
] satisfies (keyof LimitOptions)[];

const methodKeys = [
  ...(["callsPerSecond", "maxConcurrentCalls", "maxRequestBytes", "maxResponseBytes"] as const),
] satisfies (keyof MethodLimitOptions)[];

/** @throws UsageError ERR_INVALID_OPTION */
export function checkCallLimits(options: LimitOptions = {}): CallLimits {
  checkKeys("limits", options, optionKeys);
  const { isOverloaded, methods = {} } = options;
  if (isOverloaded !== undefined && typeof isOverloaded !== "function") {
    throw new UsageError("ERR_INVALID_OPTION", "limits.isOverloaded must be a function that returns true or false");
  }
  const value = <K extends "maxConcurrentCalls" | "maxOpenStreams" | "maxEventLoopDelayMs">(key: K) =>
    options[key] ?? defaults[key];
  return {
    rate: checkRate("limits.callsPerSecond", options.callsPerSecond),
    ratePerMethod: checkRate("limits.callsPerSecondPerMethod", options.callsPerSecondPerMethod),
    maxConcurrentCalls: checkCount("limits.maxConcurrentCalls", value("maxConcurrentCalls")),
    maxOpenStreams: checkCount("limits.maxOpenStreams", value("maxOpenStreams")),
    methods: new Map(Object.entries(methods).map(([name, limits]) => [name, checkMethod(name, limits)])),
    maxEventLoopDelayMs: checkDelayMs("limits.maxEventLoopDelayMs", value("maxEventLoopDelayMs")),
    isOverloaded,
  };
}

function checkMethod(name: string, limits: MethodLimitOptions): LimitsOfMethod {
  const where = `limits.methods[${JSON.stringify(name)}]`;
  checkKeys(where, limits, methodKeys);
  const count = (key: "maxConcurrentCalls" | "maxRequestBytes" | "maxResponseBytes") => {
    const value = limits[key];
    return value === undefined ? undefined : checkCount(`${where}.${key}`, value);
  };
  return {
    rate: checkRate(`${where}.callsPerSecond`, limits.callsPerSecond),
    maxConcurrentCalls: count("maxConcurrentCalls"),
    maxRequestBytes: count("maxRequestBytes"),
    maxResponseBytes: count("maxResponseBytes"),
  };
}

const mostPerSecond = 1e9;

function checkRate(name: string, option: RateOption | undefined): Rate | undefined {
  if (option === undefined) return undefined;
  if (typeof option === "object" && option !== null) checkKeys(name, option, ["perSecond", "burst"]);
  const { perSecond, burst } = typeof option === "number" ? { perSecond: option, burst: undefined } : { ...option };
  if (typeof perSecond !== "number" || !(perSecond > 0 && perSecond <= mostPerSecond)) {
    throw new UsageError(
      "ERR_INVALID_OPTION",
      `${name} must be more than 0 and at most ${mostPerSecond} calls a second, or {perSecond, burst}, not ${String(perSecond)}`,
    );
  }
  return { perSecond, burst: checkCount(`${name}.burst`, burst ?? Math.max(1, Math.ceil(perSecond))) };
}
