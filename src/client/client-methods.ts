import type {
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import type { CallOptions } from "../rpc/call-options.js";

/** A client has one function per method of its service. Requests may be plain objects with the fields of the message. */
export type ClientMethods<S extends DescService> = {
  readonly [Name in keyof S["method"]]: MethodCall<S["method"][Name]>;
};

/** The function that calls a method: one request or an iterable of them in, a promise or an async iterable out. */
export type MethodCall<M> =
  M extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageInitShape<I>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
      : M extends DescMethodClientStreaming<infer I, infer O>
        ? (requests: Requests<MessageInitShape<I>>, options?: CallOptions) => Promise<MessageShape<O>>
        : M extends DescMethodBiDiStreaming<infer I, infer O>
          ? (requests: Requests<MessageInitShape<I>>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
          : never;

/** A stream of requests: an async generator, a list, anything that can be iterated. */
export type Requests<T> = AsyncIterable<T> | Iterable<T>;
