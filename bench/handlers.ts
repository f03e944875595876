import type { DownloadRequest } from "./gen/pinwire/bench/v1/bench_pb.js";

type Payload = { readonly payload: Uint8Array };

/** The service as functions of promises and async iterables, for every subject whose handlers are such. */
export const handlers = {
  echo: async ({ payload }: Payload) => ({ payload }),
  async *download({ messageBytes, count }: Pick<DownloadRequest, "messageBytes" | "count">) {
    const payload = new Uint8Array(messageBytes).fill(0x61);
    for (let left = count; left > 0; left -= 1) yield { payload };
  },
  async upload(requests: AsyncIterable<Payload>) {
    let count = 0;
    for await (const _ of requests) count += 1;
    return { count };
  },
  async *exchange(requests: AsyncIterable<Payload>) {
    for await (const { payload } of requests) yield { payload };
  },
};
