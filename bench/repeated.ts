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
