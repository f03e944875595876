/** More identities than any one machine serves at a time; an entry is a few hundred bytes. */
const mostIdentities = 4_096;

/** Entries looked at to find room for another, so that a full table costs a call no more than an empty one. */
const mostExamined = 64;

export interface IdentityTableOptions<T> {
  make(): T;
  /** Whether the entry is as good as a new one: forgetting it gives its identity nothing. */
  isAtRest(entry: T): boolean;
  /** @default 4_096 */
  readonly maxIdentities?: number;
}

/**
 * What a server keeps for each identity: however many connections it has, it is one. Bounded: to make room an entry is
 * forgotten only if it is at rest, so that nobody gets a fresh budget by pushing out its old one. When none is, whoever
 * is new shares one entry with all others who are.
 */
export class IdentityTable<T> {
  readonly #options: IdentityTableOptions<T>;
  readonly #entries = new Map<string, T>();
  #shared: T | undefined;
  #lastId: string | undefined;
  #last: T | undefined;

  constructor(options: IdentityTableOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The entry of all who found no room, if there are such: what is in it is nobody's own. */
  get shared(): T | undefined {
    return this.#shared;
  }

  of(id: string): T {
    // One peer most often makes many calls in a row.
    if (id === this.#lastId) return this.#last as T;
    const entry = this.#entries.get(id) ?? this.#add(id);
    this.#lastId = id;
    this.#last = entry;
    return entry;
  }

  #add(id: string): T {
    if (this.#entries.size >= (this.#options.maxIdentities ?? mostIdentities) && !this.#makeRoom()) {
      this.#shared ??= this.#options.make();
      return this.#shared;
    }
    const entry = this.#options.make();
    this.#entries.set(id, entry);
    return entry;
  }

  #makeRoom(): boolean {
    let examined = 0;
    for (const [id, entry] of this.#entries) {
      this.#entries.delete(id);
      if (this.#options.isAtRest(entry)) return true;
      // To the end, so that the next search begins with others.
      this.#entries.set(id, entry);
      examined += 1;
      if (examined >= mostExamined) return false;
    }
    return false;
  }
}
