import { UsageError } from "../errors.js";
import type { CallContext } from "./call-context.js";

/**
 * A plain function around a call: the same for all four kinds of method, both sides, every transport. `next()` runs the
 * rest of the call and settles when it has ended; a rejection is the call's failure. Not calling `next` ends the call
 * here, so it must throw an `RpcError` to say why. A failure may be turned into another, not into a success: there would be
 * no response.
 *
 * @example
 * const timing: Interceptor = async (call, next) => {
 *   const start = performance.now();
 *   try { await next(); } finally { record(call.method, performance.now() - start); }
 * };
 */
export type Interceptor<C extends CallContext = CallContext> = (call: C, next: () => Promise<void>) => Promise<void>;

/** Nests stages, the first outermost, around the innermost one. Done once per method, not per call. */
export function chain<C>(
  stages: readonly ((call: C, next: () => Promise<void>) => Promise<void>)[],
  innermost: (call: C) => Promise<void>,
): (call: C) => Promise<void> {
  return stages.reduceRight<(call: C) => Promise<void>>(
    (rest, stage) => (call) => stage(call, () => rest(call)),
    innermost,
  );
}

/**
 * Guards an interceptor that is not ours: a synchronous throw becomes a rejection, a second `next()` is refused, and neither
 * returning without `next()`, nor swallowing its failure, nor not waiting for it can pass for success.
 */
export function guarded<C extends CallContext>(interceptor: Interceptor<C>): Interceptor<C> {
  return async (call, next) => {
    let rest: Promise<void> | undefined;
    await interceptor(call, () => {
      if (rest !== undefined) throw new UsageError("ERR_NEXT_MISUSED", "an interceptor called next() more than once");
      rest = next();
      // One that forgets to await it is waited for below; until then its failure is not unhandled.
      rest.catch(() => {});
      return rest;
    });
    if (rest === undefined) {
      throw new UsageError("ERR_NEXT_MISUSED", "an interceptor returned without calling next() or throwing");
    }
    await rest;
  };
}
