import { performance } from "node:perf_hooks";
import type { NoRetryReason } from "../../errors.js";
import { Status } from "../../status.js";
import type { Metadata } from "../metadata.js";
import { metadataOfAttempt, pushbackOf } from "../pushback.js";
import { type Resolvable, resolvable } from "../resolvable.js";
import type { AttemptHistory, ClientRequest, ClientStream, ClientStreamListener, Outcome } from "../transport.js";
import type { AttemptPlan } from "./attempt-plan.js";
import type { FirstAttempt } from "./late-retry.js";
import { isPointless } from "./pointless.js";
import { Replay } from "./replay.js";
import { backoffMs } from "./retry-policy.js";
import { SentMessages } from "./sent-messages.js";

/** What only a call needs whose first attempt has failed. */
interface Retries {
  attempts: number;
  /** Retries since the server last said itself when to come back. */
  backoffs: number;
  last: Outcome;
  timer: NodeJS.Timeout | undefined;
  /** While the messages written so far go to the present attempt. */
  replay: Replay | undefined;
  /** What writers wait for meanwhile. */
  caughtUp: Resolvable | undefined;
}

/**
 * A call that is sent again, one attempt after the other, as long as its policy and its server allow it and nothing of an
 * answer has come (gRFC A6). It is the stream of the call and the listener of the attempt at once.
 */
export class RetriedStream implements ClientStream, ClientStreamListener {
  readonly #plan: AttemptPlan;
  readonly #request: ClientRequest;
  readonly #listener: ClientStreamListener;
  /** Undefined while the next attempt is waited for. */
  #stream: ClientStream | undefined;
  #messages: SentMessages | undefined;
  /** No further attempt is possible: an answer has begun, or what was written is no longer all there. */
  #committed: "answer" | "buffer" | undefined;
  #wanted = false;
  #over = false;
  #retries: Retries | undefined;

  static start(plan: AttemptPlan, request: ClientRequest, listener: ClientStreamListener): RetriedStream {
    const call = new RetriedStream(plan, request, listener);
    call.#stream = plan.transport.open(request, call);
    return call;
  }

  /** A call whose first attempt has failed without this. The listener may be told at once that this was the end. */
  static resume(
    plan: AttemptPlan,
    { request, message, answered, wanted }: FirstAttempt,
    listener: ClientStreamListener,
    outcome: Outcome,
  ): RetriedStream {
    const call = new RetriedStream(plan, request, listener);
    call.#wanted = wanted;
    if (answered) call.#committed = "answer";
    else if (message === undefined) call.#committed = "buffer";
    else call.#keep(message, true);
    call.onEnd(outcome);
    return call;
  }

  private constructor(plan: AttemptPlan, request: ClientRequest, listener: ClientStreamListener) {
    this.#plan = plan;
    this.#request = request;
    this.#listener = listener;
  }

  get history(): AttemptHistory | undefined {
    return this.#retries;
  }

  read(): void {
    this.#wanted = true;
    this.#stream?.read();
  }

  write(message: Uint8Array, last = false): Promise<void> | undefined {
    if (this.#over) return undefined;
    if (this.#committed === undefined) this.#keep(message, last);
    else if (this.#isBehind) this.#messages?.add(message, last);
    if (!this.#isBehind) return this.#stream?.write(message, last);
    this.#retries?.replay?.pump();
    return this.#isBehind ? this.#untilCaughtUp() : undefined;
  }

  halfClose(): void {
    if (this.#over) return;
    if (this.#messages !== undefined) this.#messages.last = true;
    else if (this.#committed === undefined) this.#newMessages().last = true;
    if (!this.#isBehind) this.#stream?.halfClose();
    else this.#retries?.replay?.pump();
  }

  cancel(): void {
    if (this.#end()) this.#stream?.cancel();
  }

  onHeader(header: Metadata): void {
    this.#commit("answer");
    this.#listener.onHeader(header);
  }

  onMessage(message: Uint8Array): void {
    if (this.#committed === undefined) this.#commit("answer");
    this.#listener.onMessage(message);
  }

  onEnd(outcome: Outcome): void {
    if (this.#over) return;
    if (outcome.status === Status.OK) {
      if (this.#plan.retry !== undefined) this.#plan.throttle.succeeded();
      this.#finish(outcome);
      return;
    }
    const retries = this.#failed(outcome);
    const next = this.#next(outcome, retries);
    if (typeof next === "string") this.#finish({ ...outcome, attempts: retries.attempts, notRetried: next });
    else this.#wait(next, retries);
  }

  #failed(last: Outcome): Retries {
    this.#stream = undefined;
    this.#retries ??= { attempts: 1, backoffs: 0, last, timer: undefined, replay: undefined, caughtUp: undefined };
    // What kept the call until its deadline says more than the deadline.
    if (last.status !== Status.DEADLINE_EXCEEDED) this.#retries.last = last;
    this.#retries.replay?.stop();
    this.#retries.replay = undefined;
    return this.#retries;
  }

  /** After how many milliseconds to try again, or why not. */
  #next(outcome: Outcome, retries: Retries): number | NoRetryReason {
    const { retry, throttle, transport } = this.#plan;
    const remainingMs = this.#request.deadlineAt - performance.now();
    if (this.#committed === undefined && outcome.neverSent && this.#request.waitForReady) {
      // Not an attempt: nothing was sent. The deadline ends the wait.
      retries.attempts -= 1;
      return Math.min(Math.max(1, transport.backoffMs), Math.max(1, remainingMs));
    }
    if (retry === undefined || !retry.retryable.has(outcome.status) || isPointless(outcome)) return "status";
    throttle.failed();
    const pushback = pushbackOf(outcome);
    if (this.#committed !== undefined) return this.#committed;
    if (pushback === "never") return "pushback";
    if (retries.attempts >= retry.maxAttempts) return "attempts";
    if (!throttle.allows) return "throttled";
    retries.backoffs = pushback === undefined ? retries.backoffs + 1 : 0;
    // While there is no connection and none may be made, an attempt would be wasted.
    const notBefore = outcome.neverSent ? transport.backoffMs : 0;
    const delayMs = pushback ?? notBefore + backoffMs(retry, retries.backoffs);
    return delayMs < remainingMs ? delayMs : "deadline";
  }

  #wait(delayMs: number, retries: Retries): void {
    // Not unref'ed: there may be no connection that keeps the process alive meanwhile.
    retries.timer = setTimeout(() => this.#attempt(retries), delayMs);
  }

  #attempt(retries: Retries): void {
    retries.timer = undefined;
    const { metadata, deadlineAt } = this.#request;
    const timeoutMs = deadlineAt - performance.now();
    // The deadline of the call is about to say so.
    if (timeoutMs <= 0) return;
    const previous = retries.attempts;
    retries.attempts += 1;
    const stream = this.#plan.transport.open(
      { ...this.#request, timeoutMs, metadata: previous === 0 ? metadata : metadataOfAttempt(metadata, previous) },
      this,
    );
    this.#stream = stream;
    if (this.#wanted) stream.read();
    const messages = this.#messages ?? this.#newMessages();
    retries.replay = new Replay(stream, messages, () => this.#caughtUp(retries));
    retries.replay.pump();
  }

  #caughtUp(retries: Retries): void {
    retries.replay = undefined;
    if (this.#committed !== undefined) this.#messages?.release();
    retries.caughtUp?.resolve();
    retries.caughtUp = undefined;
  }

  /** Whether what is written now comes after something that is still to be sent. */
  get #isBehind(): boolean {
    return this.#stream === undefined || this.#retries?.replay !== undefined;
  }

  #untilCaughtUp(): Promise<void> | undefined {
    if (this.#retries === undefined) return undefined;
    this.#retries.caughtUp ??= resolvable();
    return this.#retries.caughtUp.promise;
  }

  #keep(message: Uint8Array, last: boolean): void {
    const messages = this.#messages ?? this.#newMessages();
    if (!messages.reserve(message.length)) {
      this.#commit("buffer");
      if (!this.#isBehind) return;
    }
    messages.add(message, last);
  }

  #newMessages(): SentMessages {
    this.#messages = new SentMessages(this.#plan.buffer);
    return this.#messages;
  }

  #commit(why: "answer" | "buffer"): void {
    if (this.#committed !== undefined) return;
    this.#committed = why;
    if (!this.#isBehind) this.#messages?.release();
  }

  #finish(outcome: Outcome): void {
    if (this.#end()) this.#listener.onEnd(outcome);
  }

  /** Whether this was the first end. */
  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#messages?.release();
    if (this.#retries !== undefined) {
      clearTimeout(this.#retries.timer);
      this.#retries.replay?.stop();
      this.#retries.caughtUp?.resolve();
    }
    return true;
  }
}
