import type { ClientRequest, ClientStream, ClientStreamListener, Outcome } from "../transport.js";
import type { AttemptPlan } from "./attempt-plan.js";
import { RetriedStream } from "./retried-stream.js";

/** What is known of a call when its first attempt has failed. */
export interface FirstAttempt {
  readonly request: ClientRequest;
  /** Its only message; undefined when it was not kept. */
  readonly message: Uint8Array | undefined;
  /** Whether something of an answer has come. */
  readonly answered: boolean;
  /** Whether the call waits for a message. */
  readonly wanted: boolean;
}

/**
 * Retries of calls that send one message. Before the first attempt has failed there is nothing of them but a reference to
 * the message, so that a call that succeeds does not pay for them.
 */
export class LateRetry {
  readonly #plan: AttemptPlan;

  constructor(plan: AttemptPlan) {
    this.#plan = plan;
  }

  /** The first attempt. */
  open(request: ClientRequest, listener: ClientStreamListener): ClientStream {
    return this.#plan.transport.open(request, listener);
  }

  /** Whether the message may be kept; then it has to be let go of. */
  keeps(message: Uint8Array): boolean {
    const { buffer } = this.#plan;
    return message.length <= buffer.maxCallBytes && buffer.take(message.length);
  }

  letGo(message: Uint8Array): void {
    this.#plan.buffer.release(message.length);
  }

  succeeded(): void {
    this.#plan.throttle.succeeded();
  }

  /** The stream that the call goes on with. The listener may be told at once that there is no further attempt. */
  resume(first: FirstAttempt, listener: ClientStreamListener, outcome: Outcome): ClientStream {
    return RetriedStream.resume(this.#plan, first, listener, outcome);
  }
}
