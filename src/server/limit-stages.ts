import type { PeerIdentity } from "../identity/verify-peer.js";
import type { CallLimits } from "../interceptors/call-limits.js";
import { ConcurrencyLimit } from "../interceptors/concurrency-limit.js";
import { EventLoopDelay } from "../interceptors/event-loop-delay.js";
import { freshness } from "../interceptors/freshness.js";
import type { FreshnessOption } from "../interceptors/freshness-option.js";
import { loadShedding } from "../interceptors/load-shedding.js";
import { methodLimits } from "../interceptors/method-limits.js";
import { RateLimit } from "../interceptors/rate-limit.js";
import type { MethodContract } from "../rpc/method-contract.js";
import type { ServerStage } from "../rpc/server-method.js";

/** What limits one method, but for the sizes of its messages. */
export interface MethodLimitStages {
  /** The same for every name, so that they tell nobody which of them are served: before authorization. */
  readonly before: readonly ServerStage[];
  /** Of the method: after authorization, for whom it allows. */
  readonly after: readonly ServerStage[];
}

/** The limits of one server, which count for all methods together. */
export class LimitStages implements Disposable {
  readonly #limits: CallLimits;
  readonly #delay: EventLoopDelay;
  readonly #freshness: ServerStage;
  readonly #rate: RateLimit;
  readonly #concurrency: ConcurrencyLimit;

  constructor(limits: CallLimits, option: FreshnessOption) {
    this.#limits = limits;
    this.#delay = new EventLoopDelay(limits.maxEventLoopDelayMs);
    this.#freshness = freshness(option);
    this.#rate = new RateLimit(limits.rate);
    this.#concurrency = new ConcurrencyLimit(limits);
  }

  /** @param contract undefined for the names that are not served */
  of(contract: MethodContract | undefined): MethodLimitStages {
    const { isOverloaded } = this.#limits;
    const overloaded = isOverloaded
      ? () => isOverloaded() || this.#delay.isOverloaded()
      : () => this.#delay.isOverloaded();
    const limits = methodLimits(contract, this.#limits);
    // An old call is not to be believed at all. Then the cheapest refusal first: only what has passed the others takes a place.
    const before = [this.#freshness, loadShedding(contract, overloaded), this.#rate.stage()];
    const after = [this.#rate.methodStage(limits.rate), this.#concurrency.stage(limits)];
    return { before: before.filter(isStage), after: after.filter(isStage) };
  }

  /** What is refused before it is a call counts as one. */
  spend(peer: PeerIdentity): void {
    this.#rate.spend(peer.id.toString());
  }

  [Symbol.dispose](): void {
    this.#delay[Symbol.dispose]();
  }
}

function isStage(stage: ServerStage | undefined): stage is ServerStage {
  return stage !== undefined;
}
