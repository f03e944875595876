// IN-10: compressed messages. pinwire sends none; it reads gzip and deflate for other stacks, within the limit for messages.
import { deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Status } from "../../src/status.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { framed, RawH2Client } from "../helpers/raw-h2-client.js";

const path = "/hello.v1.GreeterService/SayHello";
const message = Buffer.from([0x0a, 1, 0x41]);
const gzipped = gzipSync(message);

interface Attempt {
  readonly encoding?: string;
  readonly bytes: Uint8Array;
  readonly flag?: number;
  readonly status: Status;
  readonly text?: string;
}

const notGrpc = "the request is not valid gRPC";

const attempts: Record<string, Attempt> = {
  gzip: { encoding: "gzip", bytes: gzipped, status: Status.OK },
  deflate: { encoding: "deflate", bytes: deflateSync(message), status: Status.OK },
  garbage: { encoding: "gzip", bytes: Buffer.from("this is no gzip at all"), status: Status.INTERNAL, text: notGrpc },
  nothing: { encoding: "gzip", bytes: Buffer.alloc(0), status: Status.INTERNAL, text: notGrpc },
  "half of it": { encoding: "gzip", bytes: gzipped.subarray(0, -6), status: Status.INTERNAL, text: notGrpc },
  "a wrong check sum": { encoding: "gzip", bytes: flipped(gzipped, -5), status: Status.INTERNAL, text: notGrpc },
  "gzip within gzip": { encoding: "gzip", bytes: gzipSync(gzipped), status: Status.INVALID_ARGUMENT },
  "deflate said to be gzip": { encoding: "gzip", bytes: deflateSync(message), status: Status.INTERNAL, text: notGrpc },
  "one byte more than the limit": {
    encoding: "gzip",
    bytes: gzipSync(Buffer.alloc(4 * 1024 * 1024 + 1)),
    status: Status.RESOURCE_EXHAUSTED,
    text: "the request is larger than the limit (maxMessageBytes)",
  },
  "an encoding that nobody knows": {
    encoding: "zstd",
    bytes: gzipped,
    status: Status.UNIMPLEMENTED,
    text: "the request is compressed in a way this server does not know",
  },
  "a flag without an encoding": { bytes: gzipped, status: Status.INTERNAL, text: notGrpc },
  "a flag, and identity": { encoding: "identity", bytes: message, status: Status.INTERNAL, text: notGrpc },
};

async function start() {
  let handled = 0;
  const pair = await GreeterPair.start({
    implementation: {
      sayHello: ({ name }) => {
        handled += 1;
        return { greeting: name };
      },
    },
  });
  const raw = await RawH2Client.of(pair);
  return { pair, raw, handled: () => handled };
}

function headersFor({ encoding }: Pick<Attempt, "encoding">) {
  return { ":path": path, ...(encoding !== undefined && { "grpc-encoding": encoding }) };
}

describe("IN-10: compression", () => {
  for (const [what, attempt] of Object.entries(attempts)) {
    it(`${what}: ${attempt.status === Status.OK ? "served" : "refused"}`, async () => {
      const { pair, raw, handled } = await start();
      const response = await raw.call(headersFor(attempt), framed(attempt.bytes, attempt.bytes.length, 1));
      expect(response).toMatchObject({ httpStatus: 200, status: attempt.status });
      if (attempt.text !== undefined) expect(response.message).toBe(attempt.text);
      expect(handled()).toBe(attempt.status === Status.OK ? 1 : 0);
      expect(await raw.call({ ":path": path }, framed(message))).toMatchObject({ status: Status.OK });
      await pair.client.collectHellos([]);
    });
  }

  it("a bomb of 200 MB is refused when it passes the limit, not when it has gone off", async () => {
    const { pair, raw, handled } = await start();
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024), { level: 9 });
    expect(bomb.length).toBeLessThan(300_000);
    const before = process.memoryUsage().rss;
    const response = await raw.call(headersFor({ encoding: "gzip" }), framed(bomb, bomb.length, 1));
    expect(response).toMatchObject({ status: Status.RESOURCE_EXHAUSTED });
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
    expect(handled()).toBe(0);
    await pair.client.collectHellos([]);
  });

  it("answers are never compressed, whatever a client accepts", async () => {
    const { raw } = await start();
    const { body } = await raw.call({ ":path": path, "grpc-accept-encoding": "gzip" }, framed(message));
    expect(body[0]).toBe(0);
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  const index = copy.length + at;
  copy[index] = (copy[index] as number) ^ 0xff;
  return copy;
}
