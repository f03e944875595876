import type { DescMethod, Message } from "@bufbuild/protobuf";
import { RpcError, UsageError } from "../errors.js";
import { Status } from "../status.js";
import type { LateRetry } from "./attempts/late-retry.js";
import { type ClientCall, cancelled } from "./client-call.js";
import { type Codec, messageCodec, sizeLimit } from "./codec.js";
import { endQuietly } from "./end-quietly.js";
import { chain } from "./interceptor.js";
import type { Metadata } from "./metadata.js";
import { methodContract } from "./method-contract.js";
import { methodName, methodPath } from "./method-path.js";
import { streamsRequests, streamsResponses } from "./streaming.js";
import type { ClientRequest, ClientTransport } from "./transport.js";

export type ClientStage = (call: ClientCall, next: () => Promise<void>) => Promise<void>;

export interface ClientMethodOptions {
  /** Starts the call, and perhaps starts it again. */
  readonly open: ClientTransport["open"];
  /** Starts calls that send one message, and starts them again only once they have failed. */
  readonly retry?: LateRetry | undefined;
  readonly stages: readonly ClientStage[];
  readonly maxMessageBytes: number;
}

/** Everything about a method that does not change from call to call, made once per client. */
export interface ClientMethod {
  /** Runs a call; settles when it has ended. */
  readonly run: (call: ClientCall) => Promise<void>;
  /** The next response; undefined after the last. */
  readonly read: (call: ClientCall) => Promise<Message | undefined>;
}

export function clientMethod(method: DescMethod, options: ClientMethodOptions): ClientMethod {
  const { maxRequestBytes, maxResponseBytes } = methodContract(method);
  const requests = messageCodec(method.input, "request", sizeLimit(options.maxMessageBytes, maxRequestBytes));
  const responses = messageCodec(method.output, "response", sizeLimit(options.maxMessageBytes, maxResponseBytes));
  const path = methodPath(method);
  const sendsOne = !streamsRequests(method);
  const receivesOne = !streamsResponses(method);
  const perform = async (call: ClientCall): Promise<void> => {
    call.throwIfAborted();
    // Encoded first: a message that cannot be sent starts no call.
    const first = sendsOne ? encode(call, call.request, requests) : undefined;
    const request = new CallRequest(path, call);
    const retry = first === undefined || call.waitForReady ? undefined : options.retry;
    if (retry !== undefined && first !== undefined) call.mayRetry(retry, request, first);
    const ended = call.attach((listener) => (retry ?? options).open(request, listener));
    if (first === undefined) pump(call, requests);
    else call.stream.write(first, true);
    await ended;
    if (receivesOne) call.response = decode(call, call.takeOnly(), responses);
  };
  return { run: chain(options.stages, perform), read: (call) => readOne(call, responses) };
}

/** Not a literal, for the reason in `abort-listener.ts`. */
class CallRequest implements ClientRequest {
  readonly path: string;
  readonly method: DescMethod;
  readonly timeoutMs: number;
  readonly deadlineAt: number;
  readonly metadata: Metadata;
  readonly waitForReady: boolean;

  constructor(path: string, call: ClientCall) {
    this.path = path;
    this.method = call.method;
    this.timeoutMs = call.remainingMs();
    this.deadlineAt = call.deadlineAt;
    this.metadata = call.requestMetadata;
    this.waitForReady = call.waitForReady;
  }
}

/** Sends the requests as they come; a failure of theirs is the failure of the call. */
function pump(call: ClientCall, codec: Codec): void {
  sendAll(call, codec).catch((cause) => {
    call.abort(cause instanceof RpcError ? cause : cancelled("the iterable of requests failed", call.method, cause));
  });
}

async function sendAll(call: ClientCall, codec: Codec): Promise<void> {
  const iterator = iteratorOf(call.request);
  // An iterable that waits, perhaps for ever, is told that no more requests are wanted.
  call.whenOver(() => void endQuietly(iterator));
  for (;;) {
    const item = await iterator.next();
    if (item.done) break;
    if (call.ended) return endQuietly(iterator);
    const slow = call.stream.write(encode(call, item.value, codec, true));
    if (slow !== undefined) await slow;
  }
  call.stream.halfClose();
}

function iteratorOf(requests: unknown): AsyncIterator<unknown> | Iterator<unknown> {
  const iterable = requests as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  const iterator = iterable[Symbol.asyncIterator]?.() ?? iterable[Symbol.iterator]?.();
  if (iterator === undefined) throw new UsageError("ERR_NOT_ITERABLE", "the requests of a stream must be an iterable");
  return iterator;
}

function encode(call: ClientCall, request: unknown, codec: Codec, lent = false): Uint8Array {
  const { message, bytes } = encodeOrExplain(call, request, codec, lent);
  call.requests += 1;
  call.requestBytes += bytes.length;
  call.showRequest(message);
  return bytes;
}

function encodeOrExplain(
  { method }: ClientCall,
  request: unknown,
  codec: Codec,
  lent: boolean,
): ReturnType<Codec["encode"]> {
  try {
    return codec.encode(request, lent);
  } catch (cause) {
    if (cause instanceof RpcError) throw cause;
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new RpcError(Status.INVALID_ARGUMENT, `the request cannot be encoded: ${detail}`, {
      method: methodName(method),
      code: "ERR_MESSAGE_MALFORMED",
      cause,
    });
  }
}

async function readOne(call: ClientCall, codec: Codec): Promise<Message | undefined> {
  const bytes = await call.reader.next();
  return bytes === undefined ? undefined : decode(call, bytes, codec);
}

function decode(call: ClientCall, bytes: Uint8Array, codec: Codec): Message {
  call.responses += 1;
  call.responseBytes += bytes.length;
  const message = codec.decode(bytes);
  call.showResponse(message);
  return message;
}
