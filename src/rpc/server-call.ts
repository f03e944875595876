import type { DescMethod, Message } from "@bufbuild/protobuf";
import { type ErrorCode, isCodedError, RpcError } from "../errors.js";
import type { PeerIdentity } from "../identity/verify-peer.js";
import { Status } from "../status.js";
import type { SecureConnection } from "../transport/secure-connection.js";
import { Call } from "./call.js";
import type { HandlerContext } from "./call-context.js";
import { CallRefused } from "./call-refused.js";
import { MessageReader } from "./message-reader.js";
import type { Metadata } from "./metadata.js";
import { failureOf } from "./outcome.js";
import { pushbackKey } from "./pushback.js";
import type { ServerMethod } from "./server-method.js";
import { streamsRequests } from "./streaming.js";
import { grantedTimeoutMs } from "./time-limits.js";
import type { CallAge, Outcome, ServerStream, ServerStreamListener } from "./transport.js";
import { wrongMessageCount } from "./wrong-message-count.js";

/** Something that a call holds until it has ended. */
export interface Releasable {
  release(): void;
}

/** The record of a call's begin in an audit log. */
export interface AuditBegin {
  /** Its number, once it is written. */
  readonly seq: number | undefined;
  readonly written: Promise<unknown>;
}

/** Who counts the calls that are over while their code still runs. */
export interface Abandonment {
  begins(call: ServerCall): void;
  ends(call: ServerCall): void;
}

/** One call on the server: a stream of the transport below, a context for the interceptors and the handler above. */
export class ServerCall extends Call implements HandlerContext, ServerStreamListener {
  override readonly side = "server";
  readonly route: ServerMethod;
  readonly streamsRequests: boolean;
  readonly #reader: MessageReader | undefined;
  #onlyMessage: Uint8Array | undefined;
  #takeOnly: ((bytes: Uint8Array) => void) | undefined;
  #failOnly: ((error: RpcError) => void) | undefined;
  /** The request of a method that takes exactly one, once it was decoded. */
  request: Message | undefined;
  /** What the call takes of its caller's share, from when a limit has let it in until its code has come to an end. */
  place: Releasable | undefined;
  /** The record that says in the audit log that it began, for the one of its end. */
  auditBegin: AuditBegin | undefined;
  /** Told when the call is over before its code is. */
  abandonment: Abandonment | undefined;
  #working = false;
  readonly #stream: ServerStream;
  #headerSent = false;
  #finished = false;

  constructor(stream: ServerStream, route: ServerMethod) {
    super(grantedTimeoutMs(stream.timeoutMs, route.timeLimits));
    this.#stream = stream;
    this.route = route;
    this.onStray = route.onStray;
    this.streamsRequests = route.method !== undefined && streamsRequests(route.method);
    if (this.streamsRequests) this.#reader = new MessageReader(() => stream.read());
    if (Number.isNaN(stream.timeoutMs)) this.abort(unreadableTimeout());
  }

  /** Runs the whole call. Never rejects. */
  async run(): Promise<void> {
    try {
      await this.route.run(this);
      this.finish({ status: Status.OK, message: "", ...trailerOf(this) });
    } catch (error) {
      this.#fail(error);
    }
    if (this.#working) this.abandonment?.begins(this);
    else this.place?.release();
  }

  #fail(error: unknown): void {
    const { outcome } = failureOf(error, () => this.reference);
    try {
      this.finish({ ...outcome, ...trailerOf(this, outcome.retryPushbackMs) });
    } catch {
      // What was to go along cannot be sent. The caller is to hear an end all the same.
      this.#stream.finish({ status: Status.INTERNAL, message: `internal error (reference ${this.reference})` });
    }
  }

  override workBegins(): void {
    this.#working = true;
  }

  override workEnds(): void {
    this.#working = false;
    if (!this.#finished) return;
    this.abandonment?.ends(this);
    this.place?.release();
  }

  /** The requests of a stream. */
  get reader(): MessageReader {
    if (this.#reader === undefined) throw new Error("this method takes one request");
    return this.#reader;
  }

  /** The bytes of the one request, once it is certain that there is no other. */
  receiveOnly(): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#takeOnly = resolve;
      this.#failOnly = reject;
      this.whenAborted(reject);
      this.#stream.read();
    });
  }

  get path(): string {
    return this.#stream.path;
  }

  get method(): DescMethod {
    if (this.route.method === undefined) throw new Error(`no such method: ${this.path}`);
    return this.route.method;
  }

  /** @throws CallRefused when the caller must not be believed any more */
  assertAuthentic(): void {
    try {
      this.#stream.connection.assertTrusted();
    } catch (cause) {
      throw notAuthenticated(isCodedError(cause) ? cause.code : "ERR_HANDLER_FAILED", cause);
    }
  }

  get age(): CallAge {
    return this.#stream.age;
  }

  get connection(): SecureConnection {
    return this.#stream.connection;
  }

  override get peer(): PeerIdentity {
    return this.#stream.connection.peer;
  }

  override get requestMetadata(): Metadata {
    return this.#stream.requestMetadata;
  }

  sendHeader(): void {
    if (this.#headerSent || this.#finished) return;
    this.#headerSent = true;
    this.#stream.sendHeader(this.responseHeader);
  }

  /** Returns a promise when the caller reads slowly. What is written after the end is discarded. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#finished) return undefined;
    if (!this.#headerSent && this.headerIfAny !== undefined) this.sendHeader();
    this.#headerSent = true;
    this.responses += 1;
    this.responseBytes += bytes.length;
    return this.#stream.write(bytes);
  }

  finish(outcome: Outcome): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#sendHeaderLate();
    this.#stream.finish(outcome);
  }

  override abort(reason: RpcError): void {
    if (this.#finished) return;
    this.#reader?.fail(reason);
    super.abort(reason);
  }

  onMessage(message: Uint8Array): void {
    this.requests += 1;
    this.requestBytes += message.length;
    if (this.#reader !== undefined) {
      this.#reader.push(message);
    } else if (this.#onlyMessage === undefined) {
      this.#onlyMessage = message;
      this.#stream.read();
    } else {
      this.#failOnly?.(wrongMessageCount("more than one request message was sent"));
    }
  }

  onHalfClose(): void {
    if (this.#reader !== undefined) this.#reader.end();
    else if (this.#onlyMessage === undefined) this.#failOnly?.(wrongMessageCount("no request message was sent"));
    else this.#takeOnly?.(this.#onlyMessage);
  }

  onAbort(outcome: Outcome): void {
    const { status, message, details: _, ...reason } = outcome;
    this.abort(new RpcError(status === Status.OK ? Status.UNKNOWN : status, message, reason));
  }

  /** A header that no message took along goes before the end of a call that failed, if it can. */
  #sendHeaderLate(): void {
    if (this.#headerSent || this.headerIfAny === undefined) return;
    try {
      this.#stream.sendHeader(this.responseHeader);
    } catch {
      // The call has failed already; its first failure is the one that counts.
    }
  }
}

function notAuthenticated(code: ErrorCode, cause?: unknown): CallRefused {
  return new CallRefused(code, Status.UNAUTHENTICATED, "not authenticated", { cause });
}

/** Refused like any other call: after all that looks at who calls what, before anything is decoded. */
function unreadableTimeout(): RpcError {
  return new RpcError(Status.INTERNAL, "the request is not valid gRPC", { code: "ERR_MESSAGE_MALFORMED" });
}

function trailerOf(call: Call, retryPushbackMs?: number): { trailer?: Metadata } {
  if (retryPushbackMs !== undefined) call.responseTrailer.setReserved(pushbackKey, String(Math.ceil(retryPushbackMs)));
  const trailer = call.trailerIfAny;
  return trailer === undefined ? {} : { trailer };
}
