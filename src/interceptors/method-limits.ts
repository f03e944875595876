import { UsageError } from "../errors.js";
import type { MethodContract } from "../rpc/method-contract.js";
import type { Rate } from "../token-bucket.js";
import type { CallLimits } from "./call-limits.js";

/** The numbers that hold for one method: the smallest of what its schema and the server's options say. */
export interface MethodLimits {
  readonly rate: Rate | undefined;
  readonly maxConcurrentCalls: number | undefined;
  readonly maxRequestBytes: number | undefined;
  readonly maxResponseBytes: number | undefined;
  /** Whether its calls stay open: any kind but unary. */
  readonly streams: boolean;
}

/** @param contract undefined for the names that are not served, which are one method together */
export function methodLimits(contract: MethodContract | undefined, limits: CallLimits): MethodLimits {
  const own = contract && limits.methods.get(contract.name);
  return {
    rate: slower(limits.ratePerMethod, slower(contract?.rateLimit, own?.rate)),
    maxConcurrentCalls: smaller(contract?.maxConcurrentCalls, own?.maxConcurrentCalls),
    maxRequestBytes: smaller(contract?.maxRequestBytes, own?.maxRequestBytes),
    maxResponseBytes: smaller(contract?.maxResponseBytes, own?.maxResponseBytes),
    streams: contract !== undefined && contract.kind !== "unary",
  };
}

/**
 * A limit for a method that is not served would guard nothing.
 *
 * @throws UsageError ERR_INVALID_OPTION
 */
export function assertServed(limits: CallLimits, served: ReadonlySet<string>): void {
  for (const name of limits.methods.keys()) {
    if (served.has(name)) continue;
    const hint = `served are ${[...served].join(", ") || "none"}`;
    throw new UsageError(
      "ERR_INVALID_OPTION",
      `limits.methods names ${JSON.stringify(name)}, which is not served; ${hint}`,
    );
  }
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}

function slower(a: Rate | undefined, b: Rate | undefined): Rate | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return { perSecond: Math.min(a.perSecond, b.perSecond), burst: Math.min(a.burst, b.burst) };
}
