import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import type { Channel } from "../../client/channel.js";
import { createClient } from "../../client/client.js";
import type { CallOptions } from "../../rpc/call-options.js";

/** A call of a method that is only known now: its responses, of which some methods have one. */
export async function* performCall(
  channel: Channel,
  method: DescMethod,
  request: Message | AsyncIterable<Message>,
  options: CallOptions & { readonly timeoutMs: number },
): AsyncGenerator<Message> {
  // With this method alone: two methods of a service may have one name in JavaScript.
  const service: DescService = { ...method.parent, methods: [method], method: { [method.localName]: method } };
  const { timeoutMs } = options;
  const call = (createClient(service, channel, { timeoutMs }) as DynamicClient)[method.localName];
  const result = call?.(request, options);
  if (isIterable(result)) yield* result;
  else if (result !== undefined) yield await result;
}

type DynamicClient = Record<
  string,
  (request: unknown, options: CallOptions) => Promise<Message> | AsyncIterable<Message>
>;

function isIterable(value: object | undefined): value is AsyncIterable<Message> {
  return value !== undefined && Symbol.asyncIterator in value;
}
