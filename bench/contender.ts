import { type Launch, Pair } from "./pair.js";
import type { Place } from "./place.js";
import type { ModuleSubject } from "./subject.js";

/** A subject in the race, with its processes. */
export class Contender implements AsyncDisposable {
  readonly name: string;
  /** Undefined for a program. */
  readonly module: ModuleSubject | undefined;
  readonly #launch: Launch;
  readonly #nextPlace: () => Place;
  #pair: Promise<Pair> | undefined;

  constructor(launch: Launch, module: ModuleSubject | undefined, nextPlace: () => Place) {
    this.name = launch.name;
    this.module = module;
    this.#launch = launch;
    this.#nextPlace = nextPlace;
  }

  /** The processes that most cases share. They have made some thousand calls when they come. */
  pair(): Promise<Pair> {
    this.#pair ??= this.freshPair().then(async (pair) => {
      await pair.client.ask("connect", {});
      await pair.client.ask("calls", { inFlight: 64, payloadBytes: 100, seconds: 0.5 });
      return pair;
    });
    return this.#pair;
  }

  /** Processes of one's own, to be disposed of. */
  freshPair(): Promise<Pair> {
    return Pair.start(this.#launch, this.#nextPlace());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pair = await this.#pair?.catch(() => undefined);
    await pair?.[Symbol.asyncDispose]();
  }
}
