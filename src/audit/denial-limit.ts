import { performance } from "node:perf_hooks";
import { defaults } from "../defaults.js";
import { IdentityTable } from "../interceptors/identity-table.js";
import { TokenBucket } from "../token-bucket.js";
import type { AuditFields } from "./audit-record.js";

const minuteMs = 60_000;

interface Kind {
  readonly bucket: TokenBucket;
  /** Whose refusals are counted; those who found no room in the table are counted together. */
  name: string;
  /** Refusals without a record of their own, since then. */
  more: number;
  since: string;
}

/**
 * How many refusals of one kind get a record of their own: a hundred, and after them one a minute. What is more is counted,
 * and the count is written once a minute: whoever is refused must not be able to fill the disk, however long he keeps at it.
 */
export class DenialLimit {
  readonly #kinds: IdentityTable<Kind>;
  readonly #counted = new Set<Kind>();
  readonly #write: (fields: AuditFields) => boolean;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;

  /** @param write says whether the log can be written; a count that it does not take is kept for the next minute */
  constructor(
    write: (fields: AuditFields) => boolean,
    perMinute: number = defaults.auditRefusalsPerMinute,
    now: () => number = () => performance.now(),
  ) {
    const rate = { perSecond: perMinute / 60, burst: Math.max(defaults.auditRefusalBurst, perMinute) };
    this.#write = write;
    this.#now = now;
    this.#kinds = new IdentityTable({
      make: () => ({ bucket: new TokenBucket(rate, now()), name: "", more: 0, since: "" }),
      isAtRest: ({ bucket, more }) => more === 0 && bucket.isFull(now()),
    });
  }

  /** Whether a refusal gets its own record. `kind`: a verified peer, or a reason; there are only so many of either. */
  admit(kind: string): boolean {
    if (this.#kinds.of(kind).bucket.take(this.#now()) === 0) return true;
    this.count(kind, 1);
    return false;
  }

  /** Refusals that will have no record of their own. */
  count(kind: string, more: number): void {
    const counted = this.#kinds.of(kind);
    if (counted.more === 0) {
      counted.name = kind;
      counted.since = new Date().toISOString();
      this.#counted.add(counted);
    } else if (counted.name !== kind) counted.name = "several";
    counted.more += more;
    this.#flushLater();
  }

  /** Writes the counts that are open. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const kind of this.#counted) {
      if (!this.#write({ type: "refusals", of: kind.name, more: kind.more, since: kind.since })) continue;
      kind.more = 0;
      this.#counted.delete(kind);
    }
    if (this.#counted.size > 0) this.#flushLater();
  }

  #flushLater(): void {
    this.#timer ??= setTimeout(() => this.flush(), minuteMs).unref();
  }

  /** How many kinds are remembered. */
  get kinds(): number {
    return this.#kinds.size;
  }
}
