import { describe, expect, it } from "vitest";
import { cancel, data, end, endOfMessages, flag, frame, header, ping, type } from "../../../scripts/direct-frames.js";
import { type FrameHandler, FrameReader } from "../../../src/rpc/direct/frame-reader.js";
import { ProtocolViolation } from "../../../src/rpc/direct/violation.js";

const maxFrameBytes = 1_000;

/** Frames of every shape: with and without payload, DATA and others, the largest there may be. */
const frames = [
  frame(type.open, 0, 1, "eighteen bytes ..."),
  data(1, "a message"),
  data(1, ""),
  cancel(1),
  data(3, Buffer.alloc(maxFrameBytes, 7), flag.more),
  data(3, "the rest", flag.last),
  endOfMessages(5),
  frame(type.end, 0, 3, Buffer.alloc(maxFrameBytes, 9)),
  ping("12345678", flag.ack),
];

const whole = [
  "2 0 1 eighteen bytes ...",
  "4 0 1 a message",
  "4 0 1 ",
  "6 0 1 ",
  `4 1 3 ${Buffer.alloc(maxFrameBytes, 7)}`,
  "4 2 3 the rest",
  "4 6 5 ",
  `5 0 3 ${Buffer.alloc(maxFrameBytes, 9)}`,
  "8 1 0 12345678",
];

describe("FrameReader", () => {
  it("reads all frames of one segment", () => {
    expect(read([Buffer.concat(frames)])).toEqual(whole);
  });

  it("reads one frame a segment", () => {
    expect(read(frames)).toEqual(whole);
  });

  it("reads what comes byte by byte", () => {
    expect(read([...Buffer.concat(frames)].map((byte) => Buffer.from([byte])))).toEqual(whole);
  });

  it("reads what is split in two, wherever that is", () => {
    const bytes = Buffer.concat(frames);
    for (let at = 0; at <= bytes.length; at++) {
      expect(read([bytes.subarray(0, at), bytes.subarray(at)]), `split at ${at}`).toEqual(whole);
    }
  });

  it("reads what comes in pieces of any one size", () => {
    const bytes = Buffer.concat(frames);
    for (let size = 1; size < 40; size++) expect(read(pieces(bytes, size)), `pieces of ${size}`).toEqual(whole);
  });

  it("passes the parts of DATA on as they come, without putting them together or copying", () => {
    const seen: { part: Buffer; complete: boolean }[] = [];
    const reader = new FrameReader(handler({ onData: (_f, _s, part, complete) => seen.push({ part, complete }) }), 10);
    const first = Buffer.concat([header(10, type.data, 0, 1), Buffer.from("four")]);
    const second = Buffer.from("and six");
    reader.push(first);
    reader.push(second.subarray(0, 6));
    expect(seen.map(({ part, complete }) => `${part} ${complete}`)).toEqual(["four false", "and si true"]);
    expect(seen.map(({ part }) => part.buffer)).toEqual([first.buffer, second.buffer]);
  });

  it("holds no more than the frame that a header announces", () => {
    const reader = new FrameReader(handler(), maxFrameBytes);
    reader.push(header(maxFrameBytes, type.open, 0, 1));
    expect(() => reader.push(header(maxFrameBytes + 1, type.open, 0, 1))).not.toThrow();
    expect(violationOf(() => new FrameReader(handler(), maxFrameBytes).push(header(1_001, type.data, 0, 1)))).toEqual([
      "FRAME_TOO_LARGE",
      "a frame of 1001 bytes; the limit is 1000",
    ]);
  });

  it.each([
    ["UNKNOWN_FRAME", "there is no frame type 10", header(4_294_967_295, 10, 255, 1)],
    ["BAD_FLAGS", "a frame of type 4 with flags 9", header(4_294_967_295, type.data, 9, 1)],
    ["FRAME_TOO_LARGE", "a frame of 4294967295 bytes; the limit is 1000", header(4_294_967_295, type.data, 1, 1)],
  ])("refuses a bad header at once, before anything it announces: %s", (violation, message, bytes) => {
    expect(violationOf(() => read([bytes]))).toEqual([violation, message]);
    expect(violationOf(() => read(pieces(bytes, 1)))).toEqual([violation, message]);
  });

  it("has delivered what came before a bad header", () => {
    const seen: string[] = [];
    const reader = new FrameReader(recorder(seen), maxFrameBytes);
    expect(violationOf(() => reader.push(Buffer.concat([end(1), header(0, 0, 0, 0)])))[0]).toBe("UNKNOWN_FRAME");
    expect(seen).toEqual(["5 0 1 \0"]);
  });
});

function read(segments: readonly Buffer[]): string[] {
  const seen: string[] = [];
  const reader = new FrameReader(recorder(seen), maxFrameBytes);
  for (const segment of segments) reader.push(segment);
  return seen;
}

/** Writes frames down as text, those of DATA when they are complete. */
function recorder(seen: string[]): FrameHandler {
  let parts: Buffer[] = [];
  return {
    onFrame: (frameType, flags, streamId, payload) => seen.push(`${frameType} ${flags} ${streamId} ${payload}`),
    onData: (flags, streamId, part, complete) => {
      // A copy: what is passed on is good only for the moment.
      parts.push(Buffer.from(part));
      if (!complete) return;
      seen.push(`4 ${flags} ${streamId} ${Buffer.concat(parts)}`);
      parts = [];
    },
  };
}

function handler(own: Partial<FrameHandler> = {}): FrameHandler {
  return { onFrame: () => {}, onData: () => {}, ...own };
}

function pieces(bytes: Buffer, size: number): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) found.push(bytes.subarray(at, at + size));
  return found;
}

function violationOf(work: () => void): [name: string, message: string] {
  try {
    work();
  } catch (error) {
    if (error instanceof ProtocolViolation) return [error.violation, error.message];
    throw error;
  }
  throw new Error("it was accepted");
}
