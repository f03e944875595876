import { CallRefused } from "../rpc/call-refused.js";
import type { ServerStage } from "../rpc/server-method.js";
import { Status } from "../status.js";
import { type Rate, TokenBucket } from "../token-bucket.js";
import { IdentityTable } from "./identity-table.js";

/** What one identity may still begin: of all methods, and of each that has a rate of its own. */
interface Buckets {
  readonly all: TokenBucket | undefined;
  readonly byMethod: Map<Rate, TokenBucket>;
}

/**
 * How often one identity may begin calls. It stands before authorization: who asks for what it may not have pays as well.
 * There are no more buckets than methods that are served, and one for all other names, whatever names a peer invents.
 */
export class RateLimit {
  readonly #rate: Rate | undefined;
  readonly #identities: IdentityTable<Buckets>;

  /** @param now milliseconds that only grow; a call is taken to begin at its `startedAt` on the same clock */
  constructor(rate: Rate | undefined, now: () => number = () => performance.now()) {
    this.#rate = rate;
    this.#identities = new IdentityTable({
      make: () => ({ all: rate && new TokenBucket(rate, now()), byMethod: new Map() }),
      isAtRest: (buckets) => isFull(buckets, now()),
    });
  }

  /** The stage of one method; undefined where there is nothing to limit. */
  stage(methodRate: Rate | undefined): ServerStage | undefined {
    if (this.#rate === undefined && methodRate === undefined) return undefined;
    // The key of this method's buckets; a rate may be shared by several methods, this object is not.
    const own = methodRate && { ...methodRate };
    return (call, next) => {
      const waitMs = this.#take(call.peer.id.toString(), own, call.startedAt);
      if (waitMs > 0) throw rateLimited(waitMs);
      return next();
    };
  }

  #take(id: string, methodRate: Rate | undefined, now: number): number {
    const { all, byMethod } = this.#identities.of(id);
    const waitMs = all?.take(now) ?? 0;
    if (waitMs > 0 || methodRate === undefined) return waitMs;
    let bucket = byMethod.get(methodRate);
    if (bucket === undefined) {
      bucket = new TokenBucket(methodRate, now);
      byMethod.set(methodRate, bucket);
    }
    return bucket.take(now);
  }
}

function isFull({ all, byMethod }: Buckets, now: number): boolean {
  if (all?.isFull(now) === false) return false;
  for (const bucket of byMethod.values()) if (!bucket.isFull(now)) return false;
  return true;
}

function rateLimited(retryAfterMs: number): CallRefused {
  return new CallRefused("ERR_RATE_LIMITED", Status.RESOURCE_EXHAUSTED, "too many calls, try again later", {
    retryAfterMs,
  });
}
