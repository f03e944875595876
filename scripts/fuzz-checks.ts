import { fromBinary } from "@bufbuild/protobuf";
import { HelloSchema } from "../src/gen/pinwire/direct/v1/hello_pb.js";
import { type ProtocolViolation, violations } from "../src/rpc/direct/violation.js";
import { flag, readGoAway, splitFrames, type } from "./direct-frames.js";
import type { FakeConnection } from "./fake-connection.js";

/** One end of a connection, and what a bad peer sends it. */
export interface Fuzzed {
  readonly role: "client" | "server";
  readonly connection: FakeConnection;
  readonly input: Buffer;
  /** Something that the application does meanwhile. */
  readonly act: () => void;
  /** Checks that every call has ended; the connection is closed by then. */
  readonly finish: () => { readonly violation: ProtocolViolation | undefined; readonly calls: number };
}

export function expectThat(holds: boolean, promise: string): void {
  if (!holds) throw new Error(`broken: ${promise}`);
}

/** What a message costs beside its bytes, for each of its frames. */
const frameCostBytes = 64;

/**
 * Reads what a link has written with eyes that are not its own: it must keep to the protocol however bad its peer is, and
 * end with the violation that it reports.
 */
export function checkOutput({ role, connection, input }: Fuzzed, violation: ProtocolViolation | undefined): void {
  const { frames, rest } = splitFrames(Buffer.concat(connection.fake.sent));
  const granted = grants(input);
  const streams = new Map<number, { header: boolean; message: boolean; ended: boolean; cost: number }>();
  let cost = 0;
  let lastCode = 0;
  expectThat(rest.length === 0, "only whole frames are written");
  expectThat(frames.length === 0 || frames[0]?.type === type.hello, "HELLO is first");
  for (const [index, found] of frames.entries()) {
    const { streamId, flags, payload } = found;
    expectThat(lastCode === 0, "nothing follows GOAWAY for a violation");
    expectThat(allowed[role].includes(found.type), `a ${role} does not write frames of type ${found.type}`);
    expectThat(payload.length <= granted.maxFrameBytes || index === 0, "frames are as small as the peer wants them");
    if (found.type === type.goAway) lastCode = readGoAway(found).code;
    if (found.type === type.hello) expectThat(index === 0, "HELLO comes once");
    if (streamId === 0) continue;
    const stream = streams.get(streamId) ?? { header: false, message: false, ended: false, cost: 0 };
    streams.set(streamId, stream);
    if (found.type === type.window) continue;
    expectThat(!stream.ended, "nothing follows the end of a stream");
    if (found.type === type.header) {
      expectThat(!stream.header && !stream.message, "HEADER comes once, before the messages");
      stream.header = true;
    }
    if (found.type === type.end || found.type === type.cancel) stream.ended = true;
    if (found.type !== type.data || (flags & 4) !== 0) continue;
    stream.message = true;
    stream.cost += payload.length + frameCostBytes;
    cost += payload.length + frameCostBytes;
    expectThat(stream.cost <= granted.ofStream(streamId), "a stream keeps to its credit");
    expectThat(cost <= granted.ofConnection, "the connection keeps to its credit");
  }
  // Who has said its last word in good order cannot take it back.
  if (violation === undefined || connection.fake.endedTwice) return;
  expectThat(lastCode === violations[violation.violation], "GOAWAY names the violation");
}

/** How many messages each stream has had before its good end: END with status 0 from a server, LAST from a client. */
export function messagesOf(input: Buffer, role: Fuzzed["role"]): (streamId: number) => number {
  const counts = new Map<number, number>();
  const ended = new Set<number>();
  for (const { type: frameType, flags, streamId, payload } of splitFrames(input).frames) {
    if (ended.has(streamId)) continue;
    if (frameType === type.data && (flags & (flag.more | flag.none)) === 0) {
      counts.set(streamId, (counts.get(streamId) ?? 0) + 1);
    }
    const last = role === "client" ? frameType === type.end && payload[0] === 0 : (flags & flag.last) !== 0;
    if (last && (role === "client" || frameType === type.data)) ended.add(streamId);
  }
  return (streamId) => counts.get(streamId) ?? 0;
}

const allowed = {
  client: [type.hello, type.open, type.data, type.cancel, type.window, type.ping, type.goAway] as number[],
  server: [type.hello, type.header, type.data, type.end, type.window, type.ping, type.goAway] as number[],
};

/** The most that the input can have granted; what came after a violation counts too, which makes it no less true. */
function grants(input: Buffer) {
  const { frames } = splitFrames(input);
  const limits = limitsOf(frames.find((found) => found.type === type.hello)?.payload);
  const windows = new Map<number, number>();
  for (const { type: frameType, streamId, payload } of frames) {
    if (frameType !== type.window || payload.length !== 4) continue;
    windows.set(streamId, (windows.get(streamId) ?? 0) + payload.readUInt32BE());
  }
  return {
    // Without a good HELLO there are no frames but small ones.
    maxFrameBytes: Math.max(limits?.maxFrameBytes ?? 0, 1_024),
    ofConnection: (limits?.connectionWindowBytes ?? 0) + (windows.get(0) ?? 0),
    ofStream: (id: number) => (limits?.streamWindowBytes ?? 0) + (windows.get(id) ?? 0),
  };
}

function limitsOf(payload: Buffer | undefined) {
  try {
    return payload && fromBinary(HelloSchema, payload).limits;
  } catch {
    return undefined;
  }
}
