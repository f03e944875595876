import type { ClientStream } from "../transport.js";
import type { SentMessages } from "./sent-messages.js";

/** Brings a new attempt up to what its call has written: each message when the one before has left. */
export class Replay {
  readonly #stream: ClientStream;
  readonly #messages: SentMessages;
  readonly #onCaughtUp: () => void;
  #next = 0;
  #waiting = false;
  #ended = false;
  #stopped = false;

  /** `onCaughtUp` is called each time that nothing is left to be sent. */
  constructor(stream: ClientStream, messages: SentMessages, onCaughtUp: () => void) {
    this.#stream = stream;
    this.#messages = messages;
    this.#onCaughtUp = onCaughtUp;
  }

  /** How many messages have been handed on. */
  get sent(): number {
    return this.#next;
  }

  get caughtUp(): boolean {
    return !this.#waiting && this.#next === this.#messages.count;
  }

  pump(): void {
    while (!this.#waiting && !this.#stopped && this.#next < this.#messages.count) this.#sendNext();
    if (this.#waiting || this.#stopped) return;
    if (this.#messages.last && !this.#ended) {
      this.#ended = true;
      this.#stream.halfClose();
    }
    this.#onCaughtUp();
  }

  stop(): void {
    this.#stopped = true;
  }

  #sendNext(): void {
    const message = this.#messages.at(this.#next);
    this.#next += 1;
    this.#ended = this.#messages.last && this.#next === this.#messages.count;
    const slow = this.#stream.write(message, this.#ended);
    if (slow === undefined) return;
    this.#waiting = true;
    void slow.then(() => {
      this.#waiting = false;
      this.pump();
    });
  }
}
