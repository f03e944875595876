/** A list of requests without the list. */
export async function* repeated(payload: Uint8Array, count: number): AsyncGenerator<{ payload: Uint8Array }> {
  for (let left = count; left > 0; left -= 1) yield { payload };
}

/** The payload bytes of a stream of responses. */
export async function received(responses: AsyncIterable<{ readonly payload: Uint8Array }>): Promise<number> {
  let bytes = 0;
  for await (const { payload } of responses) bytes += payload.length;
  return bytes;
}

type Payload = { readonly payload: Uint8Array };

/** Opens a stream that does not end before its connection does. */
export async function opened(
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
