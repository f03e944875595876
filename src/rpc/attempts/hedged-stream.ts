import { performance } from "node:perf_hooks";
import type { NoRetryReason } from "../../errors.js";
import { Status } from "../../status.js";
import type { Metadata } from "../metadata.js";
import { metadataOfAttempt, pushbackOf } from "../pushback.js";
import { type Resolvable, resolvable } from "../resolvable.js";
import type { AttemptHistory, ClientRequest, ClientStream, ClientStreamListener, Outcome } from "../transport.js";
import type { AttemptPlan } from "./attempt-plan.js";
import { HedgedAttempt } from "./hedged-attempt.js";
import { isPointless } from "./pointless.js";
import { RetriedStream } from "./retried-stream.js";
import type { CheckedHedgingPolicy } from "./retry-policy.js";
import { SentMessages } from "./sent-messages.js";

/**
 * A call that is sent again while its answer has not come (gRFC A6, "Hedging Policy"). The first attempt that begins to
 * answer wins; the others are cancelled.
 */
export class HedgedStream implements ClientStream {
  readonly #plan: AttemptPlan;
  readonly #policy: CheckedHedgingPolicy;
  readonly #request: ClientRequest;
  readonly #listener: ClientStreamListener;
  readonly #messages: SentMessages;
  /** Those that have not ended. */
  readonly #attempts = new Set<HedgedAttempt>();
  #winner: HedgedAttempt | undefined;
  #begun = 0;
  #last: Outcome | undefined;
  /** Why no further attempt begins. */
  #noMore: NoRetryReason | undefined;
  #timer: NodeJS.Timeout | undefined;
  #wanted = false;
  #over = false;
  #caughtUp: Resolvable | undefined;

  constructor(plan: AttemptPlan, policy: CheckedHedgingPolicy, request: ClientRequest, listener: ClientStreamListener) {
    this.#plan = plan;
    this.#policy = policy;
    this.#request = request;
    this.#listener = listener;
    this.#messages = new SentMessages(plan.buffer);
    this.#begin();
  }

  get history(): AttemptHistory {
    return { attempts: this.#begun, last: this.#last };
  }

  read(): void {
    this.#wanted = true;
    for (const attempt of this.#attempts) attempt.stream.read();
  }

  write(message: Uint8Array, last = false): Promise<void> | undefined {
    if (this.#over) return undefined;
    if (this.#winner === undefined && !this.#messages.reserve(message.length)) this.#settleOnFurthest();
    if (this.#winner?.replay.caughtUp) return this.#winner.stream.write(message, last);
    this.#messages.add(message, last);
    this.#pump();
    if (this.#isCaughtUp) return undefined;
    this.#caughtUp ??= resolvable();
    return this.#caughtUp.promise;
  }

  halfClose(): void {
    if (this.#over) return;
    if (this.#winner?.replay.caughtUp) {
      this.#winner.stream.halfClose();
      return;
    }
    this.#messages.last = true;
    this.#pump();
  }

  cancel(): void {
    if (this.#end()) for (const attempt of this.#attempts) attempt.cancel();
  }

  onAnswer(attempt: HedgedAttempt): void {
    if (this.#winner === undefined) this.#settleOn(attempt);
  }

  onHeader(header: Metadata): void {
    this.#listener.onHeader(header);
  }

  onMessage(message: Uint8Array): void {
    this.#listener.onMessage(message);
  }

  onEnd(attempt: HedgedAttempt, outcome: Outcome): void {
    if (this.#over) return;
    this.#attempts.delete(attempt);
    this.#last = outcome;
    if (outcome.status === Status.OK) {
      this.#plan.throttle.succeeded();
      this.#finish(outcome, undefined);
    } else if (this.#winner !== undefined) this.#finish(outcome, "answer");
    else if (!this.#policy.nonFatal.has(outcome.status) || isPointless(outcome)) this.#finish(outcome, "status");
    else this.#afterNonFatal(outcome);
  }

  onCaughtUp(): void {
    if (this.#winner?.replay.caughtUp) this.#messages.release();
    this.#caughtUp?.resolve();
    this.#caughtUp = undefined;
  }

  /** The next attempt begins at once, or when the server says; or this was the last one. */
  #afterNonFatal(outcome: Outcome): void {
    this.#plan.throttle.failed();
    const pushback = pushbackOf(outcome);
    const delayMs = pushback === "never" ? 0 : (pushback ?? 0);
    clearTimeout(this.#timer);
    this.#noMore ??= pushback === "never" ? "pushback" : this.#whyNot(delayMs);
    if (this.#noMore === undefined) this.#schedule(delayMs);
    else if (this.#attempts.size === 0) this.#finish(outcome, this.#noMore);
  }

  #begin(): void {
    const { metadata, deadlineAt } = this.#request;
    const previous = this.#begun;
    this.#begun += 1;
    const timeoutMs = Math.max(1, deadlineAt - performance.now());
    const request =
      previous === 0 ? this.#request : { ...this.#request, timeoutMs, metadata: metadataOfAttempt(metadata, previous) };
    const attempt = new HedgedAttempt(this, this.#messages, (listener) => this.#open(request, listener));
    this.#attempts.add(attempt);
    if (this.#wanted) attempt.stream.read();
    attempt.replay.pump();
    if (this.#whyNot(this.#policy.hedgingDelayMs) === undefined) this.#schedule(this.#policy.hedgingDelayMs);
  }

  /** An attempt that waits for a connection is one that is retried for no other reason. */
  #open(request: ClientRequest, listener: ClientStreamListener): ClientStream {
    return request.waitForReady
      ? RetriedStream.start(this.#plan, request, listener)
      : this.#plan.transport.open(request, listener);
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => this.#hedge(), delayMs);
  }

  #hedge(): void {
    this.#noMore ??= this.#whyNot(0);
    if (this.#noMore === undefined) this.#begin();
    else if (this.#attempts.size === 0 && this.#last !== undefined) this.#finish(this.#last, this.#noMore);
  }

  #whyNot(delayMs: number): NoRetryReason | undefined {
    if (this.#noMore !== undefined) return this.#noMore;
    if (this.#begun >= this.#policy.maxAttempts) return "attempts";
    if (!this.#plan.throttle.allows) return "throttled";
    return this.#request.deadlineAt - performance.now() <= delayMs ? "deadline" : undefined;
  }

  #settleOn(winner: HedgedAttempt): void {
    this.#winner = winner;
    clearTimeout(this.#timer);
    for (const attempt of this.#attempts) if (attempt !== winner) attempt.cancel();
    this.#attempts.clear();
    this.#attempts.add(winner);
    if (winner.replay.caughtUp) this.#messages.release();
  }

  /** There is no room to keep what all attempts need: one goes on alone. */
  #settleOnFurthest(): void {
    let furthest: HedgedAttempt | undefined;
    for (const attempt of this.#attempts) {
      if (furthest === undefined || attempt.replay.sent > furthest.replay.sent) furthest = attempt;
    }
    // Between two attempts there is none to go on with.
    if (furthest === undefined) this.#noMore ??= "buffer";
    else this.#settleOn(furthest);
  }

  #pump(): void {
    for (const attempt of this.#attempts) attempt.replay.pump();
  }

  get #isCaughtUp(): boolean {
    for (const attempt of this.#attempts) if (attempt.replay.caughtUp) return true;
    return false;
  }

  #finish(outcome: Outcome, notRetried: NoRetryReason | undefined): void {
    if (!this.#end()) return;
    for (const attempt of this.#attempts) attempt.cancel();
    this.#listener.onEnd(notRetried === undefined ? outcome : { ...outcome, attempts: this.#begun, notRetried });
  }

  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#messages.release();
    this.#caughtUp?.resolve();
    return true;
  }
}
