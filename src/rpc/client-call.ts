import type { DescMethod, Message } from "@bufbuild/protobuf";
import { RpcError, type RpcErrorOptions } from "../errors.js";
import { Status } from "../status.js";
import { ambientCall } from "./ambient-call.js";
import type { LateRetry } from "./attempts/late-retry.js";
import { Call, deadlineExceeded } from "./call.js";
import type { CallOptions } from "./call-options.js";
import { contain } from "./contain.js";
import { MessageReader } from "./message-reader.js";
import { Metadata } from "./metadata.js";
import { methodName } from "./method-path.js";
import { decodeStatusDetails } from "./status-details.js";
import { streamsResponses } from "./streaming.js";
import type {
  AttemptHistory,
  ClientRequest,
  ClientStream,
  ClientStreamListener,
  ExpectedPeer,
  Outcome,
} from "./transport.js";
import { wrongMessageCount } from "./wrong-message-count.js";

/** What client, service config and schema say about a call. */
export interface CallLimits {
  readonly timeoutMs: number;
  readonly waitForReady: boolean;
}

/** One call on the client: a context for the interceptors above, a listener for the stream below. */
export class ClientCall extends Call implements ClientStreamListener {
  override readonly side = "client";
  override readonly method: DescMethod;
  override readonly peer: ExpectedPeer;
  override readonly requestMetadata: Metadata;
  /** What the user passed: one message, or an iterable of them. */
  readonly request: unknown;
  readonly waitForReady: boolean;
  /** The response of a method that has exactly one. */
  response: Message | undefined;
  /** Whether the method has exactly one response. */
  readonly #receivesOne: boolean;
  #onlyMessage: Uint8Array | undefined;
  #reader: MessageReader | undefined;
  /** Whether a response was asked for before there was a stream. */
  #readsFirst = false;
  readonly #options: CallOptions;
  readonly #parent: Call | undefined;
  readonly #cancel: (reason?: unknown) => void;
  #stream: ClientStream | undefined;
  #succeed: (() => void) | undefined;
  #fail: ((error: RpcError) => void) | undefined;
  #ended = false;
  #overListeners: (() => void)[] | undefined;
  /** While the only attempt so far may be followed by others: how, what was asked for, and the message if it is kept. */
  #retry: LateRetry | undefined;
  #opened: ClientRequest | undefined;
  #kept: Uint8Array | undefined;
  #answered = false;

  constructor(method: DescMethod, peer: ExpectedPeer, request: unknown, limits: CallLimits, options: CallOptions) {
    const parent = ambientCall();
    super(limits.timeoutMs, parent?.deadlineAt);
    this.method = method;
    this.peer = peer;
    this.request = request;
    this.requestMetadata = toMetadata(options.metadata);
    this.#receivesOne = !streamsResponses(method);
    this.waitForReady = options.waitForReady ?? limits.waitForReady;
    this.#options = options;
    this.#parent = parent;
    this.#cancel = () => this.#leave("the call was cancelled", options.signal?.reason ?? parent?.abortReason);
    parent?.whenAborted(this.#cancel);
    if (options.signal?.aborted) this.#cancel();
    else options.signal?.addEventListener("abort", this.#cancel, { once: true });
  }

  /** The responses of a stream. */
  get reader(): MessageReader {
    if (this.#reader === undefined) {
      const reader = new MessageReader(() => this.#readNext());
      this.#reader = reader;
      // A stage may still wait for something, such as a token; should the call end there, the reader has to hear of it.
      if (this.#stream === undefined) this.whenAborted((reason) => reader.fail(reason));
    }
    return this.#reader;
  }

  #readNext(): void {
    if (this.#stream === undefined) this.#readsFirst = true;
    else this.#stream.read();
  }

  /** The bytes of the one response, when the call has ended. @throws RpcError UNIMPLEMENTED `ERR_MESSAGE_COUNT` */
  takeOnly(): Uint8Array {
    if (this.#onlyMessage === undefined) throw wrongMessageCount("the server sent no response message");
    return this.#onlyMessage;
  }

  get stream(): ClientStream {
    if (this.#stream === undefined) throw new Error("the call has no stream yet");
    return this.#stream;
  }

  /** How often the call was sent so far; 0 when it ended before that. */
  get attempts(): number {
    return this.#stream === undefined ? 0 : (this.#stream.history?.attempts ?? 1);
  }

  /** Whether the call is over; nothing more is sent then. */
  get ended(): boolean {
    return this.#ended || this.abortReason !== undefined;
  }

  /** The call sends one message, and may be sent again if the stream it is put on fails. */
  mayRetry(retry: LateRetry, request: ClientRequest, message: Uint8Array): void {
    this.#retry = retry;
    this.#opened = request;
    if (retry.keeps(message)) this.#kept = message;
  }

  /** Puts the call on a stream. The promise settles when the call has ended. */
  attach(open: (listener: ClientStreamListener) => ClientStream): Promise<void> {
    const stream = open(this);
    this.#stream = stream;
    return new Promise<void>((resolve, reject) => {
      this.#succeed = resolve;
      this.#fail = reject;
      if (this.#receivesOne || this.#readsFirst) stream.read();
      this.whenAborted((reason) => {
        this.#stream?.cancel();
        if (!this.#receivesOne) this.reader.fail(reason);
        reject(reason);
      });
    });
  }

  onHeader(header: Metadata): void {
    this.#answered = true;
    this.#letGo();
    this.responseHeader.absorb(header);
    this.#tell(() => this.#options.onHeader?.(header));
  }

  onMessage(message: Uint8Array): void {
    this.#answered = true;
    this.#letGo();
    if (!this.#receivesOne) {
      this.reader.push(message);
    } else if (this.#onlyMessage === undefined) {
      this.#onlyMessage = message;
      // There must be no other, and only who asks finds out.
      this.stream.read();
    } else {
      this.abort(wrongMessageCount("the server sent more than one response message"));
    }
  }

  onEnd(outcome: Outcome): void {
    const retry = this.#retry;
    if (retry !== undefined && outcome.status !== Status.OK) {
      this.#resume(retry, outcome);
      return;
    }
    retry?.succeeded();
    this.#end(outcome);
  }

  #resume(retry: LateRetry, outcome: Outcome): void {
    const message = this.#kept;
    this.#letGo();
    this.#retry = undefined;
    const wanted = this.#receivesOne || this.reader.isWaiting;
    const first = { request: this.#opened as ClientRequest, message, answered: this.#answered, wanted };
    const stream = retry.resume(first, this, outcome);
    this.#stream = stream;
  }

  #letGo(): void {
    if (this.#kept === undefined) return;
    this.#retry?.letGo(this.#kept);
    this.#kept = undefined;
  }

  #end({ status, message, trailer, details, ...reason }: Outcome): void {
    this.#ended = true;
    if (trailer !== undefined) this.responseTrailer.absorb(trailer);
    this.#tell(() => this.#options.onTrailer?.(this.responseTrailer));
    if (status === Status.OK) {
      if (!this.#receivesOne) this.reader.end();
      this.#succeed?.();
      return;
    }
    const error = new RpcError(status, message, {
      method: methodName(this.method),
      attempts: 1,
      ...reason,
      ...(status === Status.DEADLINE_EXCEEDED && triedBefore(this.#stream?.history)),
      received: reason.code === undefined,
      ...(details !== undefined && { details: decodeStatusDetails(status, message, details) }),
    });
    if (!this.#receivesOne) this.reader.fail(error);
    this.#fail?.(error);
  }

  /** The deadline has passed. What kept the call from its end until then may be more than it says. */
  override expire(): void {
    this.abort(deadlineExceeded({ method: methodName(this.method), ...triedBefore(this.#stream?.history) }));
  }

  /** Calls the listener once, when the call has ended in whatever way. */
  whenOver(listener: () => void): void {
    this.#overListeners ??= [];
    this.#overListeners.push(listener);
  }

  /** The call is over: lets go of what lives longer. */
  release(): void {
    this.#letGo();
    for (const listener of this.#overListeners ?? []) listener();
    this.#parent?.forget(this.#cancel);
    this.#options.signal?.removeEventListener("abort", this.#cancel);
  }

  /** A callback of the user that throws ends the call, not the process. */
  #tell(callback: () => unknown): void {
    contain(callback, (cause) => this.#leave("a callback of the call threw", cause));
  }

  #leave(message: string, cause: unknown): void {
    this.abort(cancelled(message, this.method, cause));
  }
}

export function cancelled(message: string, method: DescMethod, cause?: unknown): RpcError {
  return new RpcError(Status.CANCELLED, message, {
    method: methodName(method),
    ...(cause !== undefined && { cause }),
  });
}

/** What is worth knowing of the attempts before a deadline. */
function triedBefore(history: AttemptHistory | undefined): RpcErrorOptions {
  if (history?.last === undefined) return {};
  const { status, message, code, cause } = history.last;
  if (status === Status.OK || status === Status.DEADLINE_EXCEEDED) return {};
  const last = cause ?? new RpcError(status, message, code === undefined ? {} : { code });
  return { attempts: history.attempts, notRetried: "deadline", cause: last };
}

function toMetadata(init: CallOptions["metadata"]): Metadata {
  if (init === undefined) return new Metadata();
  return init instanceof Metadata ? new Metadata().merge(init) : Metadata.from(init);
}
