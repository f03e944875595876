import type { Envelope } from "../rpc/envelope.js";

/** How far calls of one channel may overtake each other: twice the streams that a connection has. */
const windowCalls = 2_048;

/** Channels of one identity that are told apart: four for each connection it may have. */
const mostSenders = 256;

/** Which calls of one channel have been seen: the latest, and those shortly before it (as RFC 4303 section 3.4.3). */
export class ReplayWindow {
  readonly #seen = new Uint32Array(windowCalls / 32);
  #latest = -1;

  /** Whether this is the first call of that number; it is remembered. One that is too old to tell is none. */
  accept(sequence: number): boolean {
    if (sequence <= this.#latest - windowCalls) return false;
    this.#advance(sequence);
    const at = (sequence % windowCalls) >>> 5;
    const bit = 1 << (sequence % 32);
    const word = this.#seen[at] as number;
    if ((word & bit) !== 0) return false;
    this.#seen[at] = word | bit;
    return true;
  }

  /** Makes room for the numbers up to this one. */
  #advance(sequence: number): void {
    if (sequence <= this.#latest) return;
    if (sequence - this.#latest >= windowCalls) this.#seen.fill(0);
    else {
      for (let each = this.#latest + 1; each <= sequence; each++) {
        const at = (each % windowCalls) >>> 5;
        this.#seen[at] = (this.#seen[at] as number) & ~(1 << (each % 32));
      }
    }
    this.#latest = sequence;
  }
}

interface Sender {
  readonly window: ReplayWindow;
  /** The newest time that one of its calls had. */
  newestAt: number;
}

/**
 * The windows of all channels of one identity. Bounded without a hole: when one is forgotten, the newest time of its calls
 * is kept, and a channel that is not known may only have calls that are newer. So what was seen is never taken again,
 * whatever channels a peer invents.
 */
export class SenderWindows {
  readonly #senders = new Map<string, Sender>();
  #forgottenAt = Number.NEGATIVE_INFINITY;
  /** The newest time of all its calls. */
  newestAt = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.#senders.size;
  }

  /** Whether the call is seen for the first time; it is remembered. */
  accept({ sender: name, issuedAt, sequence }: Envelope): boolean {
    let sender = this.#senders.get(name);
    if (sender === undefined) {
      if (issuedAt <= this.#forgottenAt) return false;
      if (this.#senders.size >= mostSenders) this.#forgetOldest();
      sender = { window: new ReplayWindow(), newestAt: issuedAt };
      this.#senders.set(name, sender);
    }
    sender.newestAt = Math.max(sender.newestAt, issuedAt);
    this.newestAt = Math.max(this.newestAt, issuedAt);
    return sender.window.accept(sequence);
  }

  #forgetOldest(): void {
    let oldest: { name: string; newestAt: number } | undefined;
    for (const [name, { newestAt }] of this.#senders) {
      if (oldest === undefined || newestAt < oldest.newestAt) oldest = { name, newestAt };
    }
    if (oldest === undefined) return;
    this.#senders.delete(oldest.name);
    this.#forgottenAt = Math.max(this.#forgottenAt, oldest.newestAt);
  }
}
