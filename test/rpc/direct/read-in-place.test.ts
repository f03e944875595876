import { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { readInPlace } from "../../../src/rpc/direct/read-in-place.js";

const kBuffer = Symbol("kBuffer");
const kBufferCb = Symbol("kBufferCb");

function socketOf(parts: object) {
  const given: Uint8Array[] = [];
  const handle = { useUserBuffer: (buffer: Uint8Array) => void given.push(buffer) };
  const socket = { destroyed: false, readableLength: 0, [kBuffer]: null, [kBufferCb]: null, _handle: handle, ...parts };
  return { given, socket: socket as typeof socket & TLSSocket };
}

describe("readInPlace", () => {
  it("works with the sockets of this Node.js", () => {
    const socket = new TLSSocket(new Socket());
    onTestFinished(() => void socket.destroy());
    expect(readInPlace(socket, () => {})).toBe(true);
  });

  it("has a buffer filled over and over, and shows what was filled", () => {
    const { given, socket } = socketOf({});
    const shown: string[] = [];
    expect(readInPlace(socket, (bytes) => void shown.push(bytes.toString()))).toBe(true);
    for (const text of ["one", "twelve"]) {
      given[0]?.set(Buffer.from(text));
      expect((socket[kBufferCb] as unknown as (length: number) => boolean)(text.length)).toBe(true);
    }
    expect(shown).toEqual(["one", "twelve"]);
    expect(socket[kBuffer]).toBe(given[0]);
  });

  it.each([
    ["bytes wait in it", { readableLength: 1 }],
    ["it is gone", { destroyed: true }],
    ["it reads so already", { [kBuffer]: new Uint8Array(1) }],
    ["its handle cannot", { _handle: {} }],
    ["it has no handle", { _handle: null }],
  ])("leaves a socket alone when %s", (_, parts) => {
    const { given, socket } = socketOf(parts);
    const before = socket[kBuffer];
    expect(readInPlace(socket, () => {})).toBe(false);
    expect(given).toEqual([]);
    expect(socket[kBuffer]).toBe(before);
  });
});
