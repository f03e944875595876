/** Slots at first; twice as many as there are streams, or more. */
const fewSlots = 64;

/**
 * The open streams of a connection by their numbers. Not a `Map`, for the reason in `rpc/call-list.ts`: this one uses its
 * memory again instead of leaving it behind, and an empty slot holds nothing. Open addressing with linear probing: numbers
 * follow one another, so that they nearly always have a slot of their own.
 */
export class StreamTable<T> {
  /** 0: the slot is free. No call has that number. */
  #ids = new Uint32Array(fewSlots);
  #streams: (T | undefined)[] = new Array<T | undefined>(fewSlots).fill(undefined);
  #size = 0;
  /** How many are not in their own slot. */
  #displaced = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    return this.#streams[this.#slotOf(id)];
  }

  set(id: number, stream: T): void {
    let slot = this.#slotOf(id);
    if (this.#ids[slot] !== id) {
      if (2 * (this.#size + 1) > this.#ids.length) {
        this.#grow();
        slot = this.#slotOf(id);
      }
      this.#ids[slot] = id;
      this.#size += 1;
      if (slot !== this.#homeOf(id)) this.#displaced += 1;
    }
    this.#streams[slot] = stream;
  }

  delete(id: number): void {
    let free = this.#slotOf(id);
    if (this.#ids[free] !== id) return;
    this.#size -= 1;
    if (free !== this.#homeOf(id)) this.#displaced -= 1;
    // As a rule there is none, and a run of full slots as long as there are calls under way, which need not be looked at.
    if (this.#displaced > 0) free = this.#moveUp(free);
    this.#ids[free] = 0;
    this.#streams[free] = undefined;
  }

  /** Those behind a gap move up as far as they may, so that no search ends there before what it looks for. Where the gap is then. */
  #moveUp(gap: number): number {
    const mask = this.#ids.length - 1;
    let free = gap;
    for (let slot = (free + 1) & mask; this.#ids[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#homeOf(this.#ids[slot] as number);
      if (((slot - home) & mask) < ((slot - free) & mask)) continue;
      this.#ids[free] = this.#ids[slot] as number;
      this.#streams[free] = this.#streams[slot];
      if (free === home) this.#displaced -= 1;
      free = slot;
    }
    return free;
  }

  clear(): void {
    this.#ids.fill(0);
    this.#streams.fill(undefined);
    this.#size = 0;
    this.#displaced = 0;
  }

  /** Those of this moment, the oldest first. */
  values(): T[] {
    const ids = this.#ids.filter((id) => id !== 0).sort();
    return Array.from(ids, (id) => this.get(id) as T);
  }

  #homeOf(id: number): number {
    // The numbers of calls are odd.
    return (id >>> 1) & (this.#ids.length - 1);
  }

  /** Where a number is, or would be. */
  #slotOf(id: number): number {
    const mask = this.#ids.length - 1;
    let slot = this.#homeOf(id);
    while (this.#ids[slot] !== 0 && this.#ids[slot] !== id) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const ids = this.#ids;
    const streams = this.#streams;
    this.#ids = new Uint32Array(2 * ids.length);
    this.#streams = new Array<T | undefined>(2 * ids.length).fill(undefined);
    this.#displaced = 0;
    for (const [slot, id] of ids.entries()) {
      if (id === 0) continue;
      const place = this.#slotOf(id);
      this.#ids[place] = id;
      this.#streams[place] = streams[slot];
      if (place !== this.#homeOf(id)) this.#displaced += 1;
    }
    // Nothing that is left behind keeps anything.
    streams.length = 0;
  }
}
