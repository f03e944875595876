// Large messages are written from, and read into, memory that is used again: none may show what another holds.
import { join } from "node:path";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { describe, expect, it, onTestFinished } from "vitest";
import { BenchService } from "../../bench/gen/pinwire/bench/v1/bench_pb.js";
import { Random } from "../../scripts/random.js";
import { createClient } from "../../src/client/client.js";
import type { RetryPolicy, ServiceConfig } from "../../src/client/service-config.js";
import { RpcError } from "../../src/errors.js";
import { allow } from "../../src/interceptors/policy.js";
import type { Implementation } from "../../src/rpc/implementation.js";
import { createServer } from "../../src/server/server.js";
import { MutableSource } from "../../src/source.js";
import { Status } from "../../src/status.js";
import { testTransport } from "../helpers/greeter-pair.js";
import { clientId, serverId, World } from "../helpers/identities.js";
import { tempDirectory } from "../helpers/temp-directory.js";
import { serviceWithIdempotency } from "../helpers/with-idempotency.js";

const seed = Number(process.env.PINWIRE_SEED ?? Date.now());
const count = 60;

const retryPolicy = {
  maxAttempts: 3,
  initialBackoffMs: 1,
  maxBackoffMs: 2,
  backoffMultiplier: 1,
  retryableStatusCodes: ["UNAVAILABLE"],
} as const satisfies RetryPolicy;

/** Sizes around those at which a message is written, sent or read in another way. */
const sizes = [1, 8_000, 16_370, 16_384, 65_536, 131_000, 131_072, 147_440, 300_000];

interface Expected {
  readonly fill: number;
  readonly length: number;
}

function program(random: Random): Expected[] {
  return Array.from({ length: count }, (_, index) => ({
    fill: index % 251,
    length: sizes[random.below(sizes.length)] as number,
  }));
}

/** Yields the same memory over and over, changed in between, as one who reads a file does. */
async function* written(messages: readonly Expected[]): AsyncGenerator<{ payload: Uint8Array }> {
  const memory = new Uint8Array(Math.max(...sizes));
  for (const { fill, length } of messages) {
    memory.fill(fill);
    yield { payload: memory.subarray(0, length) };
  }
}

/** Keeps all, sometimes slowly, and looks at them only when the last has come. */
async function kept(messages: AsyncIterable<{ readonly payload: Uint8Array }>): Promise<Expected[]> {
  const payloads: Uint8Array[] = [];
  for await (const { payload } of messages) {
    payloads.push(payload);
    if (payloads.length % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return payloads.map((payload) => {
    const { length, 0: fill = -1 } = payload;
    return { fill: Buffer.alloc(length, fill).equals(payload) ? fill : -1, length };
  });
}

async function start(implementation: Partial<Implementation<typeof BenchService>>, serviceConfig?: ServiceConfig) {
  const world = new World();
  const target = `unix:${join(tempDirectory(), "run", "bench.sock")}`;
  const server = createServer({
    credentials: new MutableSource(world.credentials(serverId, clientId)),
    policy: [allow(BenchService, clientId)],
  });
  const unused = () => Promise.reject(new Error("not called"));
  server.service(BenchService, {
    echo: unused,
    upload: unused,
    async *download() {},
    async *exchange() {},
    ...implementation,
  });
  await server.listen(target);
  const client = createClient(serviceWithIdempotency(BenchService, Level.NO_SIDE_EFFECTS), {
    target,
    credentials: new MutableSource(world.credentials(clientId, serverId)),
    peer: serverId,
    transports: [testTransport],
    timeoutMs: 30_000,
    ...(serviceConfig && { serviceConfig }),
  });
  onTestFinished(async () => {
    await client.close();
    await server.close();
  });
  return client;
}

describe(`large messages (PINWIRE_SEED=${seed})`, () => {
  it("keep their content on several streams of one connection, both ways", async () => {
    const random = new Random(seed);
    const down = program(random);
    const up = program(random);
    const arrived: Expected[][] = [];
    const client = await start({
      async *exchange(requests) {
        // Answers while it is written to.
        const all = kept(requests);
        yield* written(down);
        arrived.push(await all);
      },
    });
    const streams = Array.from({ length: 4 }, async () => {
      expect(await kept(client.exchange(written(up)))).toEqual(down);
    });
    await Promise.all(streams);
    expect(arrived).toEqual([up, up, up, up]);
  });

  it("arrive as they were written, also beside small calls", async () => {
    const up = program(new Random(seed));
    let arrived: Expected[] = [];
    const client = await start({
      echo: ({ payload }) => ({ payload }),
      async upload(requests) {
        arrived = await kept(requests);
        return { count: arrived.length };
      },
    });
    const upload = client.upload(written(up));
    for (let i = 0; i < 200; i++) {
      const payload = new Uint8Array(1 + i * 100).fill(i);
      expect(Buffer.compare((await client.echo({ payload })).payload, payload)).toBe(0);
    }
    expect((await upload).count).toBe(count);
    expect(arrived).toEqual(up);
  });

  it("are sent again as they were", async () => {
    const up = Array.from({ length: 12 }, (_, index) => ({ fill: index + 1, length: 65_536 }));
    const attempts: Expected[][] = [];
    const client = await start(
      {
        async upload(requests) {
          const attempt = await kept(requests);
          attempts.push(attempt);
          if (attempts.length < 3) throw new RpcError(Status.UNAVAILABLE, "once more");
          return { count: attempt.length };
        },
      },
      { methodConfig: [{ name: [{ service: BenchService.typeName }], retryPolicy }] },
    );
    expect((await client.upload(written(up))).count).toBe(up.length);
    expect(attempts).toEqual([up, up, up]);
  });
});
