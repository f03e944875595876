import type { Pattern } from "./policy-pattern.js";

/** Patterns of one length, or the exact ones, by their text. */
type Ids = Map<string, number>;

/**
 * Numbers patterns and finds those that match a value. It asks a hash table once per length that a prefix or suffix has,
 * so a look-up costs what the value is long, however many patterns there are.
 */
export class PatternIndex {
  readonly #exact: Ids = new Map();
  readonly #prefixes = new Map<number, Ids>();
  readonly #suffixes = new Map<number, Ids>();
  #presence: number | undefined;
  #size = 0;

  /** The number of a pattern; equal patterns have the same. */
  add({ kind, text }: Pattern): number {
    switch (kind) {
      case "exact":
        return this.#number(this.#exact, text);
      case "prefix":
        return this.#number(ofLength(this.#prefixes, text.length), text);
      case "suffix":
        return this.#number(ofLength(this.#suffixes, text.length), text);
      case "presence":
        this.#presence ??= this.#size++;
        return this.#presence;
    }
  }

  /** The numbers of all patterns that match, in no order. */
  matching(value: string): number[] {
    const found: number[] = [];
    const exact = this.#exact.get(value);
    if (exact !== undefined) found.push(exact);
    for (const [length, ids] of this.#prefixes) {
      const id = length <= value.length ? ids.get(value.slice(0, length)) : undefined;
      if (id !== undefined) found.push(id);
    }
    for (const [length, ids] of this.#suffixes) {
      const id = length <= value.length ? ids.get(value.slice(value.length - length)) : undefined;
      if (id !== undefined) found.push(id);
    }
    if (this.#presence !== undefined && value !== "") found.push(this.#presence);
    return found;
  }

  #number(ids: Ids, text: string): number {
    let id = ids.get(text);
    if (id === undefined) {
      id = this.#size++;
      ids.set(text, id);
    }
    return id;
  }
}

function ofLength(buckets: Map<number, Ids>, length: number): Ids {
  let ids = buckets.get(length);
  if (ids === undefined) {
    ids = new Map();
    buckets.set(length, ids);
  }
  return ids;
}
