import type { RpcError } from "../errors.js";

/**
 * Who is told when a call is aborted, and who is told next.
 *
 * Neither an array nor an object literal: of those V8 learns, in the first moments of a process, which places in the code make
 * some that live long, and from then on it makes them in the old generation. There a dead one keeps what it refers to, which
 * is the whole call, until the next full collection; every call was copied instead of forgotten, and took twice as long. It
 * does not do so with instances of classes.
 */
export class AbortListener {
  readonly tell: (reason: RpcError) => void;
  next: AbortListener | undefined;

  constructor(tell: (reason: RpcError) => void) {
    this.tell = tell;
    this.next = undefined;
  }
}
