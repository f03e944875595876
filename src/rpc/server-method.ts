import type { DescMethod, Message } from "@bufbuild/protobuf";
import { UsageError } from "../errors.js";
import { Status } from "../status.js";
import { runInCall } from "./ambient-call.js";
import type { StrayReporter } from "./call.js";
import type { HandlerContext } from "./call-context.js";
import { CallRefused } from "./call-refused.js";
import { type Codec, messageCodec, sizeLimit } from "./codec.js";
import { endQuietly } from "./end-quietly.js";
import { chain } from "./interceptor.js";
import { type MethodContract, methodContract } from "./method-contract.js";
import { methodPath } from "./method-path.js";
import type { ServerCall } from "./server-call.js";
import { streamsRequests, streamsResponses } from "./streaming.js";
import type { TimeLimits } from "./time-limits.js";

/** What a path leads to: everything about a method that does not change from call to call, made once. */
export interface ServerMethod {
  /** Undefined where the path names nothing that is served. */
  readonly method: DescMethod | undefined;
  /** What its schema says about its use. */
  readonly contract: MethodContract | undefined;
  readonly timeLimits: TimeLimits;
  /** Told what its code throws where no caller can hear it. */
  readonly onStray?: StrayReporter | undefined;
  /** The whole of a call: built-in stages, interceptors, handler. */
  readonly run: (call: ServerCall) => Promise<void>;
}

export type ServerStage = (call: ServerCall, next: () => Promise<void>) => Promise<void>;

/** Any of the four kinds of handler, its types already checked by `Implementation`. */
export type AnyHandler = (request: never, context: HandlerContext) => unknown;

export interface ServerMethodOptions {
  /** Run before the request is decoded. */
  readonly outer: readonly ServerStage[];
  /** Run after it. */
  readonly inner: readonly ServerStage[];
  /** Looks at each request once it is decoded; its throw ends the call. */
  readonly validate?: ((request: Message) => void) | undefined;
  readonly timeLimits: TimeLimits;
  readonly maxMessageBytes: number;
  /** What holds for this method alone; never more than `maxMessageBytes`. */
  readonly maxRequestBytes?: number | undefined;
  readonly maxResponseBytes?: number | undefined;
  readonly onStray?: StrayReporter | undefined;
}

export function serverMethod(method: DescMethod, handler: AnyHandler, options: ServerMethodOptions): ServerMethod {
  const { maxMessageBytes, maxRequestBytes, maxResponseBytes } = options;
  const requests = validated(
    messageCodec(method.input, "request", sizeLimit(maxMessageBytes, maxRequestBytes)),
    options.validate,
  );
  const responses = messageCodec(method.output, "response", sizeLimit(maxMessageBytes, maxResponseBytes));
  // The kinds that take exactly one request read it before any interceptor of the user runs.
  const singleRequest = !streamsRequests(method);
  const invoke = (call: ServerCall): unknown => {
    // An interceptor may have used up all the time there was.
    call.throwIfAborted();
    if (!singleRequest) return handler(decodedRequests(call, requests) as never, call);
    if (call.request !== undefined) call.showRequest(call.request);
    return handler(call.request as never, call);
  };
  const respond = streamsResponses(method) ? sendAll : sendOne;
  const stages = singleRequest
    ? [...options.outer, readSingle(requests), ...options.inner]
    : [...options.outer, ...options.inner];
  return {
    method,
    contract: methodContract(method),
    timeLimits: options.timeLimits,
    onStray: options.onStray,
    run: chain(stages, (call) => runInCall(call, () => respond(call, invoke(call), responses))),
  };
}

/** Where every path leads that is not served: the same stages, so that it is refused, counted and logged like the rest. */
export function unknownServerMethod(stages: readonly ServerStage[], timeLimits: TimeLimits): ServerMethod {
  const run = chain<ServerCall>(stages, async () => {
    throw new CallRefused("ERR_UNKNOWN_METHOD", Status.UNIMPLEMENTED, "unknown method");
  });
  return { method: undefined, contract: undefined, timeLimits, run };
}

/** For all kinds of call alike, a request that is not valid is as good as one that cannot be decoded. */
function validated(codec: Codec, validate: ServerMethodOptions["validate"]): Codec {
  if (validate === undefined) return codec;
  return {
    encode: codec.encode,
    decode(bytes) {
      const message = codec.decode(bytes);
      validate(message);
      return message;
    },
  };
}

function readSingle(codec: Codec): ServerStage {
  return async (call, next) => {
    call.request = codec.decode(await call.receiveOnly());
    await next();
  };
}

async function* decodedRequests(call: ServerCall, codec: Codec): AsyncGenerator<unknown> {
  for (;;) {
    const bytes = await call.reader.next();
    if (bytes === undefined) return;
    const message = codec.decode(bytes);
    call.showRequest(message);
    yield message;
  }
}

async function sendOne(call: ServerCall, result: unknown, codec: Codec): Promise<void> {
  const response = await result;
  if (response === undefined || response === null) throw noResponse(call);
  send(call, response, codec);
}

async function sendAll(call: ServerCall, result: unknown, codec: Codec): Promise<void> {
  if (!isAsyncIterable(result)) {
    // An async function where a generator belongs: what its promise comes to is not needed, but must not go unheard.
    Promise.resolve(result).catch(() => {});
    throw noResponse(call);
  }
  const iterator = result[Symbol.asyncIterator]();
  // A generator that waits at a yield is told that nobody listens any more; its finally blocks run.
  call.whenAborted(() => void endQuietly(iterator));
  try {
    await sendEach(call, iterator, codec);
  } catch (error) {
    void endQuietly(iterator);
    throw error;
  }
  // Where no message took the header along, it goes by itself.
  if (call.abortReason === undefined && call.headerIfAny !== undefined) call.sendHeader();
}

async function sendEach(call: ServerCall, iterator: AsyncIterator<unknown>, codec: Codec): Promise<void> {
  for (;;) {
    const item = await iterator.next();
    if (call.abortReason !== undefined || item.done) return;
    const slow = send(call, item.value, codec);
    if (slow !== undefined) await slow;
  }
}

function send(call: ServerCall, init: unknown, codec: Codec): Promise<void> | undefined {
  if (call.abortReason !== undefined) return undefined;
  const { message, bytes } = encoded(call, init, codec);
  call.showResponse(message);
  return call.write(bytes);
}

function encoded(call: ServerCall, init: unknown, codec: Codec): ReturnType<Codec["encode"]> {
  try {
    return codec.encode(init, true);
  } catch (error) {
    throw unfitField(call, error) ?? error;
  }
}

/** What protobuf-es says of a value that is not of its field's type: which field it is, and not what is in it. */
function unfitField({ method }: ServerCall, error: unknown): UsageError | undefined {
  if (!(error instanceof Error)) return undefined;
  const [, field] = /^cannot encode field ([\w.]{1,256}) to binary: /.exec(error.message) ?? [];
  if (field === undefined) return undefined;
  const message = `the handler of ${methodPath(method)} gave a ${method.output.typeName} in which ${field} has a value of another type`;
  return new UsageError("ERR_HANDLER_RESULT", message);
}

function noResponse(call: ServerCall): UsageError {
  return new UsageError(
    "ERR_HANDLER_RESULT",
    `the handler of ${methodPath(call.method)} returned nothing that can be sent`,
  );
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
