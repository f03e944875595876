// Retries and hedging of the kinds that send a stream: what was written is written again, in order, once.
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import type { MethodConfig } from "../../../src/client/service-config.js";
import { RpcError } from "../../../src/errors.js";
import type { HandlerContext } from "../../../src/rpc/call-context.js";
import { Status } from "../../../src/status.js";
import { collect, failure, signalled } from "../../helpers/collect.js";
import { type Greeter, GreeterPair } from "../../helpers/greeter-pair.js";
import { withIdempotency } from "../../helpers/with-idempotency.js";

const service = "hello.v1.GreeterService";
type Policy = Pick<MethodConfig, "retryPolicy"> | Pick<MethodConfig, "hedgingPolicy">;

/** A client whose schema allows every method to be repeated, or to be hedged. */
async function clientOf(implementation: Partial<Greeter>, policy: object, options: object = {}) {
  const pair = await GreeterPair.start({ implementation });
  const entry = { name: [{ service }], ...(policy as Policy) } as MethodConfig;
  const serviceConfig = { methodConfig: [entry] };
  return pair.clientOf(withIdempotency(Level.NO_SIDE_EFFECTS), { serviceConfig, ...options });
}

const retryPolicy = {
  maxAttempts: 4,
  initialBackoffMs: 1,
  maxBackoffMs: 2,
  backoffMultiplier: 2,
  retryableStatusCodes: ["UNAVAILABLE"],
};
const attemptOf = ({ requestMetadata }: HandlerContext) =>
  Number(requestMetadata.get("grpc-previous-rpc-attempts") ?? 0);
const names = (count: number, length = 1) =>
  Array.from({ length: count }, (_, i) => ({ name: `${i}`.padEnd(length, ".") }));

async function* slowly<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) {
    await new Promise((resolve) => setImmediate(resolve));
    yield item;
  }
}

describe("a stream of requests", () => {
  for (const fails of ["at once", "after some requests", "after all requests"] as const) {
    it(`is sent again, whole and in order, when an attempt fails ${fails}`, async () => {
      const received: string[][] = [];
      const client = await clientOf(
        {
          collectHellos: async (requests, context) => {
            const heard: string[] = [];
            received.push(heard);
            const broken = attemptOf(context) < 2;
            if (broken && fails === "at once") throw new RpcError(Status.UNAVAILABLE, "no");
            for await (const { name } of requests) {
              heard.push(name);
              if (broken && fails === "after some requests" && heard.length === 20) {
                throw new RpcError(Status.UNAVAILABLE, "no");
              }
            }
            if (broken) throw new RpcError(Status.UNAVAILABLE, "no");
            return { greeting: heard.join(), count: heard.length };
          },
        },
        { retryPolicy },
      );
      const requests = names(50, 2_000);
      const answer = await client.collectHellos(slowly(requests));
      expect(answer.greeting).toBe(requests.map(({ name }) => name).join());
      expect(received).toHaveLength(3);
    });
  }

  it("of both directions is sent again until the first answer, and not after it", async () => {
    let attempts = 0;
    const failAfterAnswer = signalled();
    const client = await clientOf(
      {
        async *chat(requests, context) {
          attempts += 1;
          if (attemptOf(context) === 0) throw new RpcError(Status.UNAVAILABLE, "not yet");
          let answered = 0;
          for await (const { name } of requests) {
            yield { greeting: name };
            answered += 1;
            if (answered < 3) continue;
            await failAfterAnswer.promise;
            throw new RpcError(Status.UNAVAILABLE, "too late");
          }
        },
      },
      { retryPolicy },
    );
    const answers: string[] = [];
    const error = await failure(
      (async () => {
        for await (const { greeting } of client.chat(slowly(names(10)))) {
          answers.push(greeting);
          if (answers.length === 3) failAfterAnswer.resolve();
        }
      })(),
    );
    expect(error).toMatchObject({ rawMessage: "too late", attempts: 2, notRetried: "answer" });
    expect(answers).toEqual(["0", "1", "2"]);
    expect(attempts).toBe(2);
  });

  it("larger than what is kept goes on, but is sent once", async () => {
    let attempts = 0;
    const broken = async (requests: AsyncIterable<{ name: string }>) => {
      attempts += 1;
      const heard = (await collect(requests)).length;
      throw new RpcError(Status.UNAVAILABLE, `after ${heard}`);
    };
    const client = await clientOf({ collectHellos: broken }, { retryPolicy }, { retryBufferBytes: 5_000 });
    const error = await failure(client.collectHellos(slowly(names(20, 1_000))));
    expect(error).toMatchObject({ rawMessage: "after 20", attempts: 1, notRetried: "buffer" });
    expect(attempts).toBe(1);
  });

  it("has no room of the channel's when others have it all, and gets it back when they end", async () => {
    const both = signalled();
    let waiting = 0;
    let attempts = 0;
    const client = await clientOf(
      {
        collectHellos: async (requests, context) => {
          attempts += 1;
          await collect(requests);
          if (attemptOf(context) > 0) return { greeting: "again" };
          waiting += 1;
          if (waiting === 2) both.resolve();
          await both.promise;
          throw new RpcError(Status.UNAVAILABLE, "no");
        },
      },
      { retryPolicy },
      { channelRetryBufferBytes: 1_500 },
    );
    const calls = [1, 2].map(() => client.collectHellos(names(1, 1_000)).then(({ greeting }) => greeting, failureOf));
    expect((await Promise.all(calls)).sort()).toEqual(["again", "buffer"]);
    expect((await client.collectHellos(names(1, 1_000), { metadata: {} }).catch(failureOf)) !== "buffer").toBe(true);
    expect(attempts).toBeGreaterThanOrEqual(4);
  });

  it("is hedged: each attempt gets all of it, one answers", async () => {
    const heard: string[] = [];
    const client = await clientOf(
      {
        collectHellos: async (requests, context) => {
          const all = (await collect(requests)).map(({ name }) => name).join("");
          heard.push(all);
          if (attemptOf(context) !== 2) return new Promise<never>(() => {});
          return { greeting: all };
        },
      },
      { hedgingPolicy: { maxAttempts: 3, hedgingDelayMs: 0 } },
    );
    const requests = names(40, 3);
    const all = requests.map(({ name }) => name).join("");
    expect((await client.collectHellos(slowly(requests))).greeting).toBe(all);
    expect(new Set(heard)).toEqual(new Set([all]));
  });

  it("is hedged with answers while it is still being written", async () => {
    const client = await clientOf(
      {
        async *chat(requests, context) {
          if (attemptOf(context) === 0) await new Promise<never>(() => {});
          for await (const { name } of requests) yield { greeting: `${attemptOf(context)} ${name}` };
        },
      },
      { hedgingPolicy: { maxAttempts: 2, hedgingDelayMs: 0 } },
    );
    const greetings = (await collect(client.chat(slowly(names(30))))).map(({ greeting }) => greeting);
    expect(greetings).toEqual(names(30).map(({ name }) => `1 ${name}`));
  });
});

const failureOf = (error: unknown) => (error as RpcError).notRetried;
