import { systemClock, type TimerClock } from "../timer-clock.js";
import { TokenBucket } from "../token-bucket.js";
import { once } from "./once.js";

export interface HandshakeLimits {
  /** Handshakes computed at the same time; further ones wait their turn. A stalled one counts for a fifth of its time. */
  readonly maxHandshakes: number;
  /** Handshakes in a second that may come to nothing, in the long run; ten seconds' worth at once. */
  readonly refusedHandshakesPerSecond: number;
}

/**
 * Who may compute a handshake now. Before it is done nobody is authenticated, so there is one bucket for all: each handshake
 * takes a token, and one that leads to a verified peer gives it back. Good peers cost nothing; whoever keeps failing slows
 * down those that come, never the connections that are there.
 */
export class HandshakePlaces {
  readonly #maxHandshakes: number;
  readonly #clock: TimerClock;
  readonly #strangers: TokenBucket;
  readonly #waiting = new Set<() => void>();
  #underWay = 0;
  #timer: Disposable | undefined;

  constructor(
    { maxHandshakes, refusedHandshakesPerSecond: perSecond }: HandshakeLimits,
    clock: TimerClock = systemClock,
  ) {
    this.#maxHandshakes = maxHandshakes;
    this.#clock = clock;
    this.#strangers = new TokenBucket({ perSecond, burst: perSecond * 10 }, clock.now());
  }

  /** Calls `start` when it is its turn, in the order of asking. Disposing gives the place, or the turn, back. */
  enter(start: () => void): Disposable {
    let started = false;
    const begin = () => {
      started = true;
      this.#underWay += 1;
      start();
    };
    this.#waiting.add(begin);
    this.#beginWaiting();
    return once(() => (started ? this.#leave() : this.#waiting.delete(begin)));
  }

  /** A handshake has led to a verified peer. */
  succeeded(): void {
    this.#strangers.giveBack();
    this.#beginWaiting();
  }

  #leave(): void {
    this.#underWay -= 1;
    this.#beginWaiting();
  }

  #beginWaiting(): void {
    for (const begin of this.#waiting) {
      if (this.#underWay >= this.#maxHandshakes) return;
      const waitMs = this.#strangers.take(this.#clock.now());
      if (waitMs > 0) {
        this.#timer ??= this.#clock.after(waitMs, () => {
          this.#timer = undefined;
          this.#beginWaiting();
        });
        return;
      }
      this.#waiting.delete(begin);
      begin();
    }
  }
}
