import { describe, expect, it } from "vitest";
import { FrameReader, frame } from "../../bench/node-tls/frame-reader.js";

const payloads = ["", "a", "bc", "d".repeat(70_000), "e"];
const stream = Buffer.concat(payloads.map((payload, kind) => frame(kind, Buffer.from(payload))));

function read(pieceBytes: number): [kind: number, payload: string][] {
  const frames: [number, string][] = [];
  const reader = new FrameReader((kind, payload) => frames.push([kind, payload.toString()]));
  for (let offset = 0; offset < stream.length; offset += pieceBytes) {
    reader.push(stream.subarray(offset, offset + pieceBytes));
  }
  return frames;
}

describe("FrameReader", () => {
  it.each([1, 2, 4, 5, 6, 7, 1_000, 69_999, 1_000_000])("reads the same frames from pieces of %i bytes", (bytes) => {
    expect(read(bytes)).toEqual(payloads.map((payload, kind) => [kind, payload]));
  });
});
