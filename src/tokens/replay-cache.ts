import { dirname } from "node:path";
import { defaults } from "../defaults.js";
import { lockBeside } from "../files/lock-beside.js";
import { ensurePrivateDirectory } from "../files/private-directory.js";
import { ReplayLog, type TokenUse } from "./replay-log.js";
import { tokenRefusal } from "./token-refusal.js";

/** A use that asks to be recorded. */
export interface UseRequest extends TokenUse {
  /** When the token was issued, in seconds since 1970. */
  readonly issuedAt: number;
  /** Whether the method may be called again when it is not known how the first attempt ended. */
  readonly retriable: boolean;
}

export interface ReplayCacheOptions {
  readonly maxEntries: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

interface Waiting {
  readonly request: UseRequest;
  resolve(): void;
  reject(error: Error): void;
}

/** A call waits no longer than that for the other processes of the server. */
const lockWaitMs = 2_000;
/** Uses that are decided under one lock. */
const maxBatch = 256;

/**
 * Remembers the uses of single-use tokens until the tokens expire: in a file that the processes of a server share and
 * that survives them. A use is on the disk before its call goes on. Whatever goes wrong (a full cache, a full disk, a file
 * that is gone or damaged) refuses the call.
 */
export class ReplayCache {
  readonly #path: string;
  readonly #log: ReplayLog;
  readonly #maxEntries: number;
  readonly #now: () => number;
  #waiting: Waiting[] = [];
  #working = false;

  /** @throws ConfigError ERR_DIRECTORY_NOT_PRIVATE, ERR_FILE_NOT_PRIVATE, ERR_FILE_MALFORMED, ERR_FILE_WRITE */
  static async open(path: string, options: ReplayCacheOptions): Promise<ReplayCache> {
    await ensurePrivateDirectory(dirname(path));
    const cache = new ReplayCache(path, options);
    await lockBeside(path, async () => {
      await cache.#log.create();
      await cache.#log.refresh();
    });
    return cache;
  }

  private constructor(path: string, { maxEntries, now = Date.now }: ReplayCacheOptions) {
    this.#path = path;
    this.#log = new ReplayLog(path, maxEntries, () => Math.floor(now() / 1_000));
    this.#maxEntries = maxEntries;
    this.#now = now;
  }

  /**
   * Records a use.
   *
   * @throws PeerError ERR_TOKEN_REPLAYED when the token was used by another call, or too often by this one;
   * ERR_TOKEN_REPLAY_CACHE when that cannot be told
   */
  use(request: UseRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      if (!this.#working) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, maxBatch);
      try {
        await lockBeside(this.#path, () => this.#decide(batch), { waitMs: lockWaitMs });
      } catch (cause) {
        // Who was refused for a reason of its own has heard it already.
        for (const { reject } of batch) reject(unavailable("uses of tokens cannot be recorded", cause));
      }
    }
    this.#working = false;
  }

  async #decide(batch: readonly Waiting[]): Promise<void> {
    await this.#log.refresh();
    const accepted: Waiting[] = [];
    for (const waiting of batch) {
      const earlier = accepted.filter(({ request }) => request.token === waiting.request.token);
      const fault = this.#fault(waiting.request, [
        ...this.#log.usesOf(waiting.request.token),
        ...earlier.map(({ request }) => request),
      ]);
      if (fault === undefined) accepted.push(waiting);
      else waiting.reject(tokenRefusal("ERR_TOKEN_REPLAYED", fault));
    }
    const room = await this.#room(accepted.length);
    const admitted = accepted.slice(0, room);
    for (const { reject } of accepted.slice(room)) reject(unavailable("no more uses of tokens can be remembered"));
    if (admitted.length === 0) return;
    await this.#log.append(
      admitted.map(({ request: { token, exp, call, method, until } }) => ({ token, exp, call, method, until })),
    );
    for (const { resolve } of admitted) resolve();
  }

  #fault(request: UseRequest, uses: readonly TokenUse[]): string | undefined {
    if (request.issuedAt < this.#log.created) return "the token is older than the record of uses";
    if (request.exp <= this.#log.floor) return "uses of tokens of that age have been forgotten";
    const [first] = uses;
    if (first === undefined) return undefined;
    if (first.call !== request.call || first.method !== request.method) return "the token was used by another call";
    if (!request.retriable) return "the token was used, and the method cannot be called again";
    if (this.#now() >= first.until) return "the call that used the token is over";
    return uses.length < defaults.replayAttempts ? undefined : "the call has used the token too often";
  }

  /** How many of so many uses fit in. */
  async #room(wanted: number): Promise<number> {
    if (this.#log.size + wanted > this.#maxEntries) await this.#log.forget();
    return Math.max(0, Math.min(wanted, this.#maxEntries - this.#log.size));
  }
}

function unavailable(message: string, cause?: unknown): Error {
  return tokenRefusal("ERR_TOKEN_REPLAY_CACHE", message, cause === undefined ? {} : { cause });
}
