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
  /** How many bytes have left for the peer so far: who takes some is alive, however long the answer has to wait behind them. */
  progress(): number;
  giveUp(what: string): void;
}

/** Notices a peer that says nothing: no HELLO in time, or, after it was asked, neither a byte nor one taken. */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  readonly #actions: KeepaliveActions;
  #timer: NodeJS.Timeout;
  #greeted = false;
  #asked = false;
  #progressWhenAsked = 0;

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

  #awaitAnswer(): void {
    this.#progressWhenAsked = this.#actions.progress();
    this.#listenFor(this.#options.keepaliveTimeoutMs);
    this.#asked = true;
  }

  #onSilence(): void {
    if (!this.#actions.needsAnswer()) {
      this.#timer.refresh();
    } else if (!this.#asked) {
      this.#actions.ask();
      this.#awaitAnswer();
    } else if (this.#actions.progress() > this.#progressWhenAsked) {
      this.#awaitAnswer();
    } else {
      this.#actions.giveUp("no sign of life");
    }
  }
}
