import { performance } from "node:perf_hooks";
import { types } from "node:util";
import type { DescMethod, Message } from "@bufbuild/protobuf";
import { RpcError, type RpcErrorOptions } from "../errors.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import { newReference } from "../reference.js";
import { Status } from "../status.js";
import { AbortListener } from "./abort-listener.js";
import type { CallContext } from "./call-context.js";
import type { Listed } from "./call-list.js";
import { containedSignal } from "./contained-signal.js";
import { ContextValues } from "./context-values.js";
import type { Bucket, Expiring } from "./deadline-timers.js";
import { Metadata } from "./metadata.js";

type Hook = (message: Message) => void;
/** `where` is for the log: "a listener of the signal". */
export type StrayReporter = (call: Call, where: string, error: unknown) => void;

/** What both sides of a call have in common: the deadline, the end from outside, and everything made on first use. */
export abstract class Call implements CallContext, Expiring, Listed {
  abstract readonly side: "client" | "server";
  abstract readonly method: DescMethod;
  abstract readonly peer: { readonly id: SpiffeId };
  abstract readonly requestMetadata: Metadata;

  /** Both on the clock of `performance.now()`. */
  readonly startedAt: number;
  readonly deadlineAt: number;
  /** What went over the wire so far, for the records. */
  requests = 0;
  requestBytes = 0;
  responses = 0;
  responseBytes = 0;
  /** The neighbours in the list of the calls under way. */
  previous: Listed | undefined;
  next: Listed | undefined;
  list: object | undefined;
  before: Expiring | undefined;
  after: Expiring | undefined;
  bucket: Bucket | undefined;
  /** Told what user code throws where no caller can hear it. */
  onStray: StrayReporter | undefined;
  #abortReason: RpcError | undefined;
  #firstListener: AbortListener | undefined;
  #lastListener: AbortListener | undefined;
  #controller: AbortController | undefined;
  #responseHeader: Metadata | undefined;
  #responseTrailer: Metadata | undefined;
  #values: ContextValues | undefined;
  #reference: string | undefined;
  #requestHooks: Hook[] | undefined;
  #responseHooks: Hook[] | undefined;

  constructor(timeoutMs: number, latest = Number.POSITIVE_INFINITY) {
    this.startedAt = performance.now();
    this.deadlineAt = Math.min(this.startedAt + timeoutMs, latest);
  }

  get deadline(): Date {
    return new Date(Date.now() + (this.deadlineAt - performance.now()));
  }

  remainingMs(): number {
    return Math.max(0, this.deadlineAt - performance.now());
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      containedSignal(this.#controller.signal, (error) => this.onStray?.(this, "a listener of the signal", error));
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  get responseHeader(): Metadata {
    this.#responseHeader ??= new Metadata();
    return this.#responseHeader;
  }

  get responseTrailer(): Metadata {
    this.#responseTrailer ??= new Metadata();
    return this.#responseTrailer;
  }

  get values(): ContextValues {
    this.#values ??= new ContextValues();
    return this.#values;
  }

  onRequestMessage(hook: Hook): void {
    this.#requestHooks ??= [];
    this.#requestHooks.push(hook);
  }

  onResponseMessage(hook: Hook): void {
    this.#responseHooks ??= [];
    this.#responseHooks.push(hook);
  }

  /** Joins what the peer hears about a refusal to what the log says about it. */
  get reference(): string {
    this.#reference ??= newReference();
    return this.#reference;
  }

  get hasReference(): boolean {
    return this.#reference !== undefined;
  }

  /** The response trailer, unless nobody ever touched it. */
  get trailerIfAny(): Metadata | undefined {
    return this.#responseTrailer?.size ? this.#responseTrailer : undefined;
  }

  get headerIfAny(): Metadata | undefined {
    return this.#responseHeader?.size ? this.#responseHeader : undefined;
  }

  get abortReason(): RpcError | undefined {
    return this.#abortReason;
  }

  /** Code of the user may run from now on. */
  workBegins(): void {}

  /** It has come to its end; that may be long after the call has. */
  workEnds(): void {}

  /** The deadline has passed; called by the timer. */
  expire(): void {
    this.abort(deadlineExceeded());
  }

  /** @throws RpcError why the call has ended, if it has */
  throwIfAborted(): void {
    if (this.#abortReason !== undefined) throw this.#abortReason;
  }

  /** Ends the call from outside its own flow; only the first reason counts. */
  abort(reason: RpcError): void {
    if (this.#abortReason !== undefined) return;
    this.#abortReason = reason;
    let listener = this.#firstListener;
    this.#firstListener = undefined;
    this.#lastListener = undefined;
    for (; listener !== undefined; listener = listener.next) listener.tell(reason);
    this.#controller?.abort(reason);
  }

  /** Calls `tell` once, at once if the call was aborted before. */
  whenAborted(tell: (reason: RpcError) => void): void {
    if (this.#abortReason !== undefined) {
      tell(this.#abortReason);
      return;
    }
    const listener = new AbortListener(tell);
    if (this.#lastListener === undefined) this.#firstListener = listener;
    else this.#lastListener.next = listener;
    this.#lastListener = listener;
  }

  /** Takes a listener back: what is shorter-lived than this call must not pile up on it. */
  forget(tell: (reason: RpcError) => void): void {
    let before: AbortListener | undefined;
    for (let listener = this.#firstListener; listener !== undefined; listener = listener.next) {
      if (listener.tell === tell) {
        if (before === undefined) this.#firstListener = listener.next;
        else before.next = listener.next;
        if (this.#lastListener === listener) this.#lastListener = before;
        return;
      }
      before = listener;
    }
  }

  showRequest(message: Message): void {
    if (this.#requestHooks !== undefined) this.#show(this.#requestHooks, message);
  }

  showResponse(message: Message): void {
    if (this.#responseHooks !== undefined) this.#show(this.#responseHooks, message);
  }

  #show(hooks: readonly Hook[], message: Message): void {
    for (const hook of hooks) {
      const result: unknown = hook(message);
      // An async function passes for a hook. It is not waited for, but its failure is the call's all the same.
      if (types.isPromise(result)) result.catch((cause) => this.#hookFailed(cause));
    }
  }

  #hookFailed(cause: unknown): void {
    this.onStray?.(this, "a message hook", cause);
    this.abort(new RpcError(Status.INTERNAL, "internal error", { code: "ERR_HANDLER_FAILED", cause }));
  }
}

export function deadlineExceeded(options?: RpcErrorOptions): RpcError {
  return new RpcError(Status.DEADLINE_EXCEEDED, "the deadline of the call has passed", options);
}
