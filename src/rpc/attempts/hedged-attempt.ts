import type { Metadata } from "../metadata.js";
import type { ClientStream, ClientStreamListener, Outcome } from "../transport.js";
import type { HedgedStream } from "./hedged-stream.js";
import { Replay } from "./replay.js";
import type { SentMessages } from "./sent-messages.js";

/** One of the attempts of a hedged call. */
export class HedgedAttempt implements ClientStreamListener {
  readonly stream: ClientStream;
  readonly replay: Replay;
  readonly #call: HedgedStream;

  constructor(call: HedgedStream, messages: SentMessages, open: (listener: ClientStreamListener) => ClientStream) {
    this.#call = call;
    this.stream = open(this);
    this.replay = new Replay(this.stream, messages, () => call.onCaughtUp());
  }

  onHeader(header: Metadata): void {
    this.#call.onAnswer(this);
    this.#call.onHeader(header);
  }

  onMessage(message: Uint8Array): void {
    this.#call.onAnswer(this);
    this.#call.onMessage(message);
  }

  onEnd(outcome: Outcome): void {
    this.replay.stop();
    this.#call.onEnd(this, outcome);
  }

  /** Another has won, or the call has ended; the listener hears no more. */
  cancel(): void {
    this.replay.stop();
    this.stream.cancel();
  }
}
