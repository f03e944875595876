export interface KeepaliveOptions {
  /** How long the peer may take to say HELLO. */
  readonly helloTimeoutMs: number;
  /** After this long without a byte the peer is asked whether it is still there. */
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
}

export interface KeepaliveActions {
  /** Whether it matters now that the peer lives. */
  needsAnswer(): boolean;
  ask(): void;
  giveUp(what: string): void;
}

/** Notices a peer that says nothing: no HELLO in time, or not a byte after it was asked. */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  readonly #actions: KeepaliveActions;
  #timer: NodeJS.Timeout;
  #greeted = false;
  #asked = false;

  constructor(options: KeepaliveOptions, actions: KeepaliveActions) {
    this.#options = options;
    this.#actions = actions;
    this.#timer = setTimeout(() => actions.giveUp("no HELLO in time"), options.helloTimeoutMs).unref();
  }

  greeted(): void {
    this.#greeted = true;
    this.#listenFor(this.#options.keepaliveTimeMs);
  }

  /** Bytes have come. */
  heard(): void {
    if (this.#asked) this.#listenFor(this.#options.keepaliveTimeMs);
    else if (this.#greeted) this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #listenFor(ms: number): void {
    this.#asked = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onSilence(), ms).unref();
  }

  #onSilence(): void {
    if (!this.#actions.needsAnswer()) {
      this.#timer.refresh();
    } else if (this.#asked) {
      this.#actions.giveUp("no sign of life");
    } else {
      this.#actions.ask();
      this.#listenFor(this.#options.keepaliveTimeoutMs);
      this.#asked = true;
    }
  }
}
