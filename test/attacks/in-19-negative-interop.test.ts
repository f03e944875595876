// IN-19: what the negative interoperability tests of gRPC have a server do, frame by frame: goaway, rst_after_header,
// rst_during_data, rst_after_data, ping, max_streams, data_frame_padding. The frames are written by hand, so that no HTTP/2
// stack stands between the test and the client.
import { describe, expect, it } from "vitest";
import { Status } from "../../src/status.js";
import { parseAddress } from "../../src/transport/address.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { serverId } from "../helpers/identities.js";
import { framed } from "../helpers/raw-h2-client.js";
import {
  dataFrame,
  goAwayFrame,
  h2Flag,
  h2Frame,
  h2Type,
  headersFrame,
  listenRawH2,
  paddedDataFrame,
  type RawH2Connection,
  resetFrame,
} from "../helpers/raw-h2-frames.js";

const headers = { ":status": "200", "content-type": "application/grpc" };
const message = framed(Buffer.from([0x0a, 1, 0x41]));
const noError = 0;

async function start(settings: readonly (readonly [id: number, value: number])[] = []) {
  const pair = new GreeterPair({
    client: { transports: ["h2"], serviceConfig: { methodConfig: [{ name: [{}], retryPolicy: "none" }] } },
  });
  const address = parseAddress(pair.target);
  if (address.kind !== "unix") throw new TypeError("the greeter's target is a Unix socket");
  const connections = await listenRawH2(address, pair.world.leaf(serverId), settings);
  const call = async () => (await pair.client.sayHello({ name: "x" })).greeting;
  return { call, accept: () => connections.next() };
}

function answer(
  connection: RawH2Connection,
  streamId: number,
  frames: readonly Uint8Array[] = [dataFrame(streamId, message)],
) {
  connection.send(headersFrame(streamId, headers), ...frames, headersFrame(streamId, { "grpc-status": "0" }, true));
}

describe("IN-19: negative interoperability", () => {
  it("goaway: the call under way ends well, the next one goes to another connection", async () => {
    const { call, accept } = await start();
    const first = call();
    const connection = await accept();
    const streamId = await connection.nextCall();
    connection.send(goAwayFrame(streamId));
    answer(connection, streamId);
    expect(await first).toBe("A");
    const second = call();
    const other = await accept();
    answer(other, await other.nextCall());
    expect(await second).toBe("A");
  });

  it("goaway that says that the call was never begun: it goes to another connection", async () => {
    const { call, accept } = await start();
    const result = call();
    const connection = await accept();
    await connection.nextCall();
    connection.send(goAwayFrame(0));
    const other = await accept();
    answer(other, await other.nextCall());
    expect(await result).toBe("A");
  });

  const resets: Record<string, readonly ((streamId: number) => Uint8Array)[]> = {
    rst_after_header: [(id) => headersFrame(id, headers)],
    rst_during_data: [(id) => headersFrame(id, headers), (id) => dataFrame(id, message.subarray(0, 6))],
    rst_after_data: [(id) => headersFrame(id, headers), (id) => dataFrame(id, message)],
  };
  for (const [what, before] of Object.entries(resets)) {
    it(`${what}: a failure, never half an answer, and the next call is served`, async () => {
      const { call, accept } = await start();
      const result = failure(call());
      const connection = await accept();
      const streamId = await connection.nextCall();
      connection.send(...before.map((frame) => frame(streamId)), resetFrame(streamId, noError));
      const error = await result;
      expect([Status.INTERNAL, Status.UNKNOWN, Status.UNAVAILABLE, Status.CANCELLED]).toContain(error.status);
      expect(error.message).not.toBe("");
      const next = call();
      answer(connection, await connection.nextCall());
      expect(await next).toBe("A");
    });
  }

  it("ping: in the midst of an answer, answered", async () => {
    const { call, accept } = await start();
    const result = call();
    const connection = await accept();
    const streamId = await connection.nextCall();
    const ping = h2Frame(h2Type.ping, 0, 0, Buffer.from("pinwire!"));
    connection.send(ping, headersFrame(streamId, headers), ping, dataFrame(streamId, message), ping);
    connection.send(headersFrame(streamId, { "grpc-status": "0" }, true));
    expect(await result).toBe("A");
    for (let i = 0; i < 3; i++) {
      const { flags, payload } = await connection.next(h2Type.ping);
      expect([flags & h2Flag.ack, payload.toString()]).toEqual([h2Flag.ack, "pinwire!"]);
    }
  });

  it("max_streams: one at a time, though many are asked for", async () => {
    const maxConcurrentStreams = 3;
    const { call, accept } = await start([[maxConcurrentStreams, 1]]);
    const first = call();
    const connection = await accept();
    answer(connection, await connection.nextCall());
    expect(await first).toBe("A");
    const calls = Array.from({ length: 10 }, call);
    const seen: number[] = [];
    for (let i = 0; i < 10; i++) {
      const streamId = await connection.nextCall();
      // Nothing more may come before this one is answered.
      await new Promise((resolve) => setImmediate(resolve));
      expect(connection.frames.all.filter(({ type }) => type === h2Type.headers)).toHaveLength(i + 2);
      seen.push(streamId);
      answer(connection, streamId);
    }
    expect(await Promise.all(calls)).toEqual(Array(10).fill("A"));
    expect(new Set(seen).size).toBe(10);
  });

  it("data_frame_padding: padding of every length is no part of a message", async () => {
    const { call, accept } = await start();
    const calls = call();
    const connection = await accept();
    let streamId = await connection.nextCall();
    answer(connection, streamId, [paddedDataFrame(streamId, message, 255)]);
    expect(await calls).toBe("A");
    for (const padding of [0, 1, 100]) {
      const result = call();
      streamId = await connection.nextCall();
      const bytes = [...message].map((byte) => paddedDataFrame(streamId, Buffer.from([byte]), padding));
      answer(connection, streamId, bytes);
      expect(await result).toBe("A");
    }
  });
});
