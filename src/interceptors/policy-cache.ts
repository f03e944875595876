type Generation<T> = Map<string, Map<string, T>>;

/** Longer paths are not remembered: no method has such a name. */
const longestPath = 512;
/** Of one generation; there are two. With paths of full length it is 4 MiB. */
const mostInGeneration = 4_096;

/**
 * Remembers what was found for a principal and a path. When a generation is full it becomes the old one, and what nobody
 * asks for meanwhile is forgotten with it: a peer that invents names can make us hold a bounded number of them, and pushes
 * out nothing that is in use.
 */
export class PolicyCache<T> {
  #young: Generation<T> = new Map();
  #old: Generation<T> = new Map();
  #size = 0;

  get(principal: string, path: string): T | undefined {
    return this.#young.get(principal)?.get(path) ?? this.#promote(principal, path);
  }

  set(principal: string, path: string, value: T): void {
    if (path.length > longestPath) return;
    if (this.#size >= mostInGeneration) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#size = 0;
    }
    let paths = this.#young.get(principal);
    if (paths === undefined) {
      paths = new Map();
      this.#young.set(principal, paths);
    }
    paths.set(path, value);
    this.#size += 1;
  }

  /** How many answers are held. */
  get size(): number {
    const count = (generation: Generation<T>) => [...generation.values()].reduce((sum, { size }) => sum + size, 0);
    return count(this.#young) + count(this.#old);
  }

  #promote(principal: string, path: string): T | undefined {
    const value = this.#old.get(principal)?.get(path);
    if (value !== undefined) this.set(principal, path, value);
    return value;
  }
}
