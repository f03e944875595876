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
 * How often one identity may begin calls. The rate of the identity stands before authorization: who asks for what it may not
 * have pays as well. The rate of a method stands after it: a limit that only methods have that exist would tell who may not
 * call them that they do.
 */
export class RateLimit {
  readonly #rate: Rate | undefined;
  readonly #now: () => number;
  readonly #identities: IdentityTable<Buckets>;

  /** @param now milliseconds that only grow; a call is taken to begin at its `startedAt` on the same clock */
  constructor(rate: Rate | undefined, now: () => number = () => performance.now()) {
    this.#rate = rate;
    this.#now = now;
    this.#identities = new IdentityTable({
      make: () => ({ all: rate && new TokenBucket(rate, now()), byMethod: new Map() }),
      isAtRest: (buckets) => isFull(buckets, now()),
    });
  }

  /** The stage for all methods together; undefined where there is nothing to limit. */
  stage(): ServerStage | undefined {
    if (this.#rate === undefined) return undefined;
    return (call, next) => {
      const waitMs = this.#identities.of(call.peer.id.toString()).all?.take(call.startedAt) ?? 0;
      if (waitMs > 0) throw rateLimited(waitMs);
      return next();
    };
  }

  /** Takes a token for something that was refused before it was a call. */
  spend(id: string): void {
    if (this.#rate !== undefined) this.#identities.of(id).all?.take(this.#now());
  }

  /** The stage of one method; undefined where there is nothing to limit. */
  methodStage(methodRate: Rate | undefined): ServerStage | undefined {
    if (methodRate === undefined) return undefined;
    // The key of this method's buckets; a rate may be shared by several methods, this object is not.
    const own = { ...methodRate };
    return (call, next) => {
      const { byMethod } = this.#identities.of(call.peer.id.toString());
      let bucket = byMethod.get(own);
      if (bucket === undefined) {
        bucket = new TokenBucket(own, this.#now());
        byMethod.set(own, bucket);
      }
      const waitMs = bucket.take(call.startedAt);
      if (waitMs > 0) throw rateLimited(waitMs);
      return next();
    };
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
