/** What can be in one list. */
export interface Listed {
  previous?: Listed | undefined;
  next?: Listed | undefined;
  list?: object | undefined;
}

/**
 * The calls under way: each is in one list, and links to its neighbours itself. Not a `Set`: one that takes in and gives
 * back thousands of calls a second makes itself anew all the time. Each time it leaves its old self behind, with links to
 * the next and to the calls it held; once one of these is old to the garbage collector, it takes all that comes after for
 * alive, and every call is copied instead of forgotten. That halved the throughput of both sides.
 */
export class CallList<T extends Listed> {
  #first: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(call: T): void {
    if (call.list !== undefined) throw new Error("the call is in a list already");
    call.list = this;
    call.next = this.#first;
    if (this.#first !== undefined) this.#first.previous = call;
    this.#first = call;
    this.#size += 1;
  }

  delete(call: T): void {
    if (call.list !== this) return;
    const { previous, next } = call;
    if (previous === undefined) this.#first = next as T | undefined;
    else previous.next = next;
    if (next !== undefined) next.previous = previous;
    // A call that is gone must not keep its neighbours.
    call.list = undefined;
    call.previous = undefined;
    call.next = undefined;
    this.#size -= 1;
  }

  /** Those of this moment: whoever goes through them may take some out. */
  snapshot(): T[] {
    const calls: T[] = [];
    for (let call = this.#first; call !== undefined; call = call.next as T | undefined) calls.push(call);
    return calls;
  }
}
