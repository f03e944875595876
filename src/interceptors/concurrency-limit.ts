import { CallRefused } from "../rpc/call-refused.js";
import type { Releasable } from "../rpc/server-call.js";
import type { ServerStage } from "../rpc/server-method.js";
import { Status } from "../status.js";
import type { CallLimits } from "./call-limits.js";
import { IdentityTable } from "./identity-table.js";
import type { MethodLimits } from "./method-limits.js";

/** What such a call holds. One object for many calls, so that a call makes none. */
class Place implements Releasable {
  calls = 0;
  readonly #identity: UnderWay;
  readonly #streams: number;

  constructor(identity: UnderWay, streams: boolean) {
    this.#identity = identity;
    this.#streams = streams ? 1 : 0;
  }

  take(): void {
    this.calls += 1;
    this.#identity.calls += 1;
    this.#identity.streams += this.#streams;
  }

  release(): void {
    this.calls -= 1;
    this.#identity.calls -= 1;
    this.#identity.streams -= this.#streams;
  }
}

/** The calls of one identity that are under way, on all its connections. */
class UnderWay {
  calls = 0;
  streams = 0;
  /** For methods without a limit of their own, which need not be told apart. */
  readonly call = new Place(this, false);
  readonly stream = new Place(this, true);
  readonly ofMethods = new Map<MethodLimits, Place>();
}

/** How many calls of one identity may be under way at once: in all, as streams, and of one method. */
export class ConcurrencyLimit {
  readonly #limits: Pick<CallLimits, "maxConcurrentCalls" | "maxOpenStreams">;
  readonly #identities = new IdentityTable<UnderWay>({
    make: () => new UnderWay(),
    isAtRest: ({ calls }) => calls === 0,
  });

  constructor(limits: Pick<CallLimits, "maxConcurrentCalls" | "maxOpenStreams">) {
    this.#limits = limits;
  }

  /** The stage of one method. The place is given back when the call has ended. */
  stage(method: MethodLimits): ServerStage {
    const { maxConcurrentCalls, maxOpenStreams } = this.#limits;
    const { streams, maxConcurrentCalls: ofMethod } = method;
    return (call, next) => {
      const identity = this.#identities.of(call.peer.id.toString());
      const place = placeFor(identity, method);
      if (
        identity.calls >= maxConcurrentCalls ||
        (streams && identity.streams >= maxOpenStreams) ||
        (ofMethod !== undefined && place.calls >= ofMethod)
      ) {
        throw new CallRefused("ERR_TOO_MANY_CALLS", Status.RESOURCE_EXHAUSTED, "too many calls under way");
      }
      place.take();
      call.place = place;
      return next();
    };
  }
}

function placeFor(identity: UnderWay, method: MethodLimits): Place {
  if (method.maxConcurrentCalls === undefined) return method.streams ? identity.stream : identity.call;
  let place = identity.ofMethods.get(method);
  if (place === undefined) {
    place = new Place(identity, method.streams);
    identity.ofMethods.set(method, place);
  }
  return place;
}
