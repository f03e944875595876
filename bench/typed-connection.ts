import type { Connection } from "./subject.js";

type Payload = { readonly payload: Uint8Array };
type Requests = AsyncIterable<{ payload: Uint8Array }>;

/** A client as protobuf-es, connect and nice-grpc type it: promises, and iterables for streams. */
interface TypedClient {
  echo(request: { payload: Uint8Array }): Promise<Payload>;
  download(request: { messageBytes: number; count: number }): AsyncIterable<Payload>;
  upload(requests: Requests): Promise<{ readonly count: number }>;
  exchange(requests: Requests): AsyncIterable<Payload>;
}

/** What is measured, done with a typed client. */
export function typedConnection(client: TypedClient, close: () => Promise<void> | void): Connection {
  return {
    echo: async (payload) => (await client.echo({ payload })).payload.length,
    download: (messageBytes, count) => received(client.download({ messageBytes, count })),
    upload: async (payload, count) => (await client.upload(repeated(payload, count))).count,
    exchange: (payload, count) => received(client.exchange(repeated(payload, count))),
    linger: (payload) => opened((requests) => client.exchange(requests), payload),
    close,
  };
}

/** A list of requests without the list. */
async function* repeated(payload: Uint8Array, count: number): AsyncGenerator<{ payload: Uint8Array }> {
  for (let left = count; left > 0; left -= 1) yield { payload };
}

/** The payload bytes of a stream of responses. */
async function received(responses: AsyncIterable<Payload>): Promise<number> {
  let bytes = 0;
  for await (const { payload } of responses) bytes += payload.length;
  return bytes;
}

/** Opens a stream that does not end before its connection does. */
async function opened(
  exchange: (requests: AsyncIterable<{ payload: Uint8Array }>) => AsyncIterable<Payload>,
  payload: Uint8Array,
): Promise<void> {
  const responses = exchange(onceAndNoMore(payload))[Symbol.asyncIterator]();
  await responses.next();
  kept.push(responses);
}

/** Nobody else refers to them. */
const kept: unknown[] = [];

async function* onceAndNoMore(payload: Uint8Array): AsyncGenerator<{ payload: Uint8Array }> {
  yield { payload };
  await new Promise(() => {});
}
