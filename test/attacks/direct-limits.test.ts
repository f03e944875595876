// Each limit of the direct protocol is touched, which is good, and crossed by exactly one, which is not.
import { describe, expect, it } from "vitest";
import {
  data,
  end,
  flag,
  frame,
  hello,
  metadataBlock,
  open,
  readGoAway,
  roomyLimits,
  type,
  window,
} from "../../scripts/direct-frames.js";
import { violations } from "../../src/rpc/direct/violation.js";
import { Status } from "../../src/status.js";
import { collect, failure, signalled } from "../helpers/collect.js";
import {
  AttackedClient,
  AttackedServer,
  methods,
  request,
  requestOf,
  response,
  serve,
} from "../helpers/direct-attack.js";
import type { RawDirectPeer } from "../helpers/raw-direct-peer.js";

const maxFrameBytes = 128 * 1024;
const maxMetadataBytes = 32 * 1024;
const streamWindowBytes = 1024 * 1024;
const connectionWindowBytes = 16 * 1024 * 1024;
const frameCostBytes = 64;
const maxCredit = 2 ** 31 - 1;

/** A metadata block of exactly so many bytes. */
const metadataOf = (bytes: number) => metadataBlock(["key", "v".repeat(bytes - 8)]);
const never = () => new Promise<never>(() => {});
/** A handler with small answers to large requests. */
const counted = async (requests: AsyncIterable<unknown>) => ({ count: (await collect(requests)).length });
/** A handler that reads nothing and stays. */
const idle = { implementation: { collectHellos: never } };
const collectCall = (streamId: number) => open(streamId, { method: methods.collectHellos });
/** DATA that takes exactly so much of the credit. */
const costing = (streamId: number, cost: number) => data(streamId, Buffer.alloc(cost - frameCostBytes));

/** The peer has broken nothing: its call is answered. */
async function expectAlive(peer: RawDirectPeer, streamId: number): Promise<void> {
  peer.send(open(streamId, { method: methods.sayHello }), data(streamId, request(), flag.last));
  for (;;) {
    const { streamId: ended, payload } = await peer.next(type.end);
    if (ended === streamId) return expect(payload).toEqual(Buffer.from([Status.OK]));
  }
}

describe("what a client may send", () => {
  it("FRAME_TOO_LARGE: frames of 128 KiB, and not a byte more", async () => {
    const server = await AttackedServer.start();
    const peer = await server.greeted();
    peer.send(collectCall(1), data(1, requestOf(maxFrameBytes)));
    await expectAlive(peer, 3);
    peer.send(data(1, Buffer.alloc(maxFrameBytes + 1)));
    await server.expectEnd(peer, "FRAME_TOO_LARGE", violations.FRAME_TOO_LARGE);
  });

  it("messages of maxMessageBytes; one byte more ends the call, not the connection", async () => {
    const server = await AttackedServer.start({
      implementation: { collectHellos: counted },
      server: { maxMessageBytes: 5_000 },
    });
    const peer = await server.greeted();
    const inParts = (streamId: number, bytes: Uint8Array) => [
      data(streamId, bytes.subarray(0, 2_000), flag.more),
      data(streamId, bytes.subarray(2_000, 4_900), flag.more),
      data(streamId, bytes.subarray(4_900), flag.last),
    ];
    peer.send(collectCall(1), data(1, requestOf(5_000), flag.last), collectCall(3), ...inParts(3, requestOf(5_000)));
    peer.send(collectCall(5), data(5, requestOf(5_001), flag.last), collectCall(7), ...inParts(7, requestOf(5_001)));
    const statuses = new Map<number, number | undefined>();
    while (statuses.size < 4) {
      const { streamId, payload } = await peer.next(type.end);
      statuses.set(streamId, payload[0]);
    }
    expect(Object.fromEntries(statuses)).toEqual({
      1: Status.OK,
      3: Status.OK,
      5: Status.RESOURCE_EXHAUSTED,
      7: Status.RESOURCE_EXHAUSTED,
    });
    await expectAlive(peer, 9);
  });

  it("TOO_MANY_STREAMS: maxConcurrentStreams calls at once, and not one more", async () => {
    const server = await AttackedServer.start({ ...idle, server: { maxConcurrentStreams: 3 } });
    const peer = await server.greeted();
    peer.send(collectCall(1), collectCall(3));
    // The third place is used again and again.
    await expectAlive(peer, 5);
    await expectAlive(peer, 7);
    peer.send(collectCall(9), collectCall(11));
    expect(await server.expectEnd(peer, "TOO_MANY_STREAMS", violations.TOO_MANY_STREAMS)).toMatchObject({
      lastStreamId: 9,
    });
  });

  it("METADATA_TOO_LARGE: 32 KiB of metadata, and not a byte more", async () => {
    const server = await AttackedServer.start();
    const peer = await server.greeted();
    peer.send(open(1, { method: methods.sayHello, metadata: metadataOf(maxMetadataBytes) }));
    await expectAlive(peer, 3);
    peer.send(open(5, { method: methods.sayHello, metadata: metadataOf(maxMetadataBytes + 1) }));
    await server.expectEnd(peer, "METADATA_TOO_LARGE", violations.METADATA_TOO_LARGE);
  });

  it("BAD_METHOD: a path of 1,024 bytes, and not a byte more", async () => {
    const server = await AttackedServer.start();
    const peer = await server.greeted();
    peer.send(open(1, { method: "/".padEnd(1_024, "x") }));
    expect((await peer.next(type.end)).payload[0]).toBe(Status.PERMISSION_DENIED);
    peer.send(open(3, { method: "/".padEnd(1_025, "x") }));
    await server.expectEnd(peer, "BAD_METHOD", violations.BAD_METHOD);
  });

  it("CREDIT_EXCEEDED: all the credit of a stream, and not one more", async () => {
    const server = await AttackedServer.start(idle);
    const peer = await server.greeted();
    const frames = Array.from({ length: 15 }, () => costing(1, 64 * 1024));
    peer.send(collectCall(1), ...frames, costing(1, 64 * 1024 - frameCostBytes), costing(1, frameCostBytes));
    await expectAlive(peer, 3);
    peer.send(data(1, "", flag.last));
    await server.expectEnd(peer, "CREDIT_EXCEEDED", violations.CREDIT_EXCEEDED);
  });

  it("CREDIT_EXCEEDED: all the credit of the connection, and not one more", async () => {
    const server = await AttackedServer.start(idle);
    const peer = await server.greeted();
    const streams = connectionWindowBytes / streamWindowBytes;
    for (let i = 0; i < streams; i++) {
      const streamId = 1 + 2 * i;
      peer.send(collectCall(streamId), ...Array.from({ length: 16 }, () => costing(streamId, 64 * 1024)));
    }
    // A call without messages needs no credit.
    peer.send(open(1 + 2 * streams, { method: "/no/such" }));
    expect((await peer.next(type.end)).streamId).toBe(1 + 2 * streams);
    peer.send(collectCall(3 + 2 * streams), data(3 + 2 * streams, ""));
    await server.expectEnd(peer, "CREDIT_EXCEEDED", violations.CREDIT_EXCEEDED);
  });

  it("CREDIT_OVERFLOW: credit up to 2³¹ - 1, and not one more", async () => {
    const server = await AttackedServer.start(idle);
    const peer = await server.greeted();
    peer.send(window(0, maxCredit - roomyLimits.connectionWindowBytes));
    peer.send(collectCall(1), window(1, maxCredit - roomyLimits.streamWindowBytes));
    peer.send(open(3, { method: "/no/such" }));
    expect((await peer.next(type.end)).streamId).toBe(3);
    peer.send(window(1, 1));
    await server.expectEnd(peer, "CREDIT_OVERFLOW", violations.CREDIT_OVERFLOW);
  });

  it("BAD_HELLO: the smallest limits there may be, and nothing below", async () => {
    const server = await AttackedServer.start();
    const least = {
      maxFrameBytes: 12 * 1024,
      maxMessageBytes: 1,
      maxMetadataBytes: 4 * 1024,
      maxStreams: 1,
      streamWindowBytes: 1_024,
      connectionWindowBytes: 1_024,
    };
    // Room for an answer.
    await expectAlive(await server.greeted({ limits: { ...least, maxMessageBytes: 1_000 } }), 1);
    for (const [limit, value] of Object.entries(least)) {
      const peer = (await server.connect()).send(hello({ limits: { ...least, [limit]: value - 1 } }));
      expect(readGoAway(await peer.next(type.goAway)), limit).toMatchObject({ code: violations.BAD_HELLO });
    }
    await server.expectService();
  });
});

describe("what a server may send", () => {
  const attacked = async () => {
    const client = await AttackedClient.start();
    const responses = client.client.sayManyHellos({ name: "x" });
    const peer = await client.server.greet();
    await peer.next(type.data);
    return { client, responses, peer };
  };

  it("FRAME_TOO_LARGE: frames of 128 KiB, and not a byte more", async () => {
    const { client, responses, peer } = await attacked();
    peer.send(data(1, requestOf(maxFrameBytes)));
    expect((await responses[Symbol.asyncIterator]().next()).value?.greeting.length).toBe(maxFrameBytes - 4);
    peer.send(data(1, Buffer.alloc(maxFrameBytes + 1)));
    await client.expectEnd(peer, "FRAME_TOO_LARGE", violations.FRAME_TOO_LARGE);
  });

  it("messages of maxMessageBytes; one byte more cancels the call, and the connection is good", async () => {
    const client = await AttackedClient.start({ maxMessageBytes: 5_000 });
    const good = collect(client.client.sayManyHellos({ name: "x" }));
    const peer = await client.server.greet();
    await peer.next(type.data);
    peer.send(data(1, requestOf(5_000)), end(1));
    expect(await good).toHaveLength(1);
    for (const [streamId, split] of [
      [3, 5_001],
      [5, 4_000],
    ] as const) {
      const bad = failure(client.client.sayManyHellos({ name: "x" }));
      await peer.next(type.data);
      const message = requestOf(5_001);
      const [head, rest] = [message.subarray(0, split), message.subarray(split)];
      peer.send(
        rest.length === 0
          ? data(streamId, head)
          : Buffer.concat([data(streamId, head, flag.more), data(streamId, rest)]),
      );
      expect(await bad).toMatchObject({ status: Status.RESOURCE_EXHAUSTED, code: "ERR_MESSAGE_TOO_LARGE" });
      expect(await peer.next(type.cancel)).toMatchObject({ streamId });
    }
    const again = client.client.sayHello({ name: "x" });
    await serve(peer);
    expect((await again).greeting).toBe("hello");
  });

  it("METADATA_TOO_LARGE: 32 KiB of header and as much of trailer, and not a byte more", async () => {
    const { client, responses, peer } = await attacked();
    const failed = failure(responses);
    const headerFrame = (streamId: number, bytes: number) => frame(type.header, 0, streamId, metadataOf(bytes));
    const endFrame = Buffer.concat([Buffer.from([Status.ABORTED, 0, 0]), metadataOf(maxMetadataBytes)]);
    peer.send(headerFrame(1, maxMetadataBytes), frame(type.end, 0, 1, endFrame));
    expect(await failed).toMatchObject({ status: Status.ABORTED });
    const next = failure(client.client.sayManyHellos({ name: "x" }));
    await peer.next(type.data);
    peer.send(headerFrame(3, maxMetadataBytes + 1));
    expect(await next).toMatchObject({ code: "ERR_PROTOCOL_VIOLATION" });
    await client.expectEnd(peer, "METADATA_TOO_LARGE", violations.METADATA_TOO_LARGE);
  });

  it("CREDIT_EXCEEDED: all the credit of a stream that nobody reads, and not one more", async () => {
    const { client, responses, peer } = await attacked();
    const messages = Array.from({ length: 16 }, () => data(1, requestOf(64 * 1024 - frameCostBytes)));
    peer.send(...messages);
    const other = client.client.sayHello({ name: "x" });
    await serve(peer);
    await other;
    peer.send(data(1, ""));
    await client.expectEnd(peer, "CREDIT_EXCEEDED", violations.CREDIT_EXCEEDED);
    expect(await failure(responses)).toMatchObject({ code: "ERR_PROTOCOL_VIOLATION" });
  });

  it("a client keeps to the server's number of streams", async () => {
    const client = await AttackedClient.start();
    const order: string[] = [];
    const third = signalled();
    const calls = ["first", "second", "third"].map(async (name) => {
      await client.client.sayHello({ name });
      order.push(name);
      if (name === "third") third.resolve();
    });
    const peer = await client.server.greet({ limits: { maxStreams: 2 } });
    await peer.next(type.open);
    await peer.next(type.open);
    await peer.next(type.data);
    peer.send(data(1, response()), end(1));
    expect(await peer.next(type.open)).toMatchObject({ streamId: 5 });
    expect(order).toEqual(["first"]);
    peer.send(data(5, response()), end(5), data(3, response()), end(3));
    await third.promise;
    await Promise.all(calls);
  });
});
