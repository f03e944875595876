import { describe, expect, it } from "vitest";
import { data, ping, splitFrames, window } from "../../../scripts/direct-frames.js";
import { Random } from "../../../scripts/random.js";
import { frameTypes } from "../../../src/rpc/direct/frame.js";
import { FrameWriter } from "../../../src/rpc/direct/frame-writer.js";
import { lend } from "../../../src/rpc/lent-block.js";

/** What a writer uses of a socket. It keeps what is written as it is, so that writing over it would show. */
class RecordingSocket {
  readonly writes: Uint8Array[] = [];
  /** How many pieces each system call would have. */
  readonly calls: number[] = [];
  writableLength = 0;
  writable = true;
  #corked: number | undefined;

  /** Tells whoever wrote that the bytes have left. */
  readonly sent: ((error?: Error) => void)[] = [];

  write(bytes: Uint8Array, sent?: (error?: Error) => void): boolean {
    this.writes.push(bytes);
    if (sent !== undefined) this.sent.push(sent);
    if (this.#corked === undefined) this.calls.push(1);
    else this.#corked += 1;
    return true;
  }

  cork(): void {
    this.#corked = 0;
  }

  uncork(): void {
    this.calls.push(this.#corked ?? 0);
    this.#corked = undefined;
  }
}

function recorded() {
  const socket = new RecordingSocket();
  return { socket, writer: new FrameWriter(socket as never) };
}

const nextTick = () => new Promise<void>((resolve) => process.nextTick(resolve));
const eightBytes = (bytes: Buffer, at: number) => void bytes.write("12345678", at);

describe("FrameWriter", () => {
  it("writes a lone frame when the tick ends", async () => {
    const { socket, writer } = recorded();
    writer.frame(frameTypes.ping, 0, 0, 8, eightBytes);
    expect(socket.writes).toEqual([]);
    await nextTick();
    expect(Buffer.concat(socket.writes)).toEqual(ping());
  });

  it("writes the small frames of a tick in one piece", async () => {
    const { socket, writer } = recorded();
    for (let i = 0; i < 100; i++) writer.payload(frameTypes.data, 0, 1, Buffer.alloc(100, i));
    await nextTick();
    expect(socket.calls).toEqual([1]);
    expect(Buffer.concat(socket.writes)).toEqual(
      Buffer.concat(Array.from({ length: 100 }, (_, i) => data(1, Buffer.alloc(100, i)))),
    );
  });

  it("writes a large payload from where it is, in one call with what is around it", async () => {
    const { socket, writer } = recorded();
    const large = Buffer.alloc(8 * 1024, 1);
    writer.frame(frameTypes.ping, 0, 0, 8, eightBytes);
    writer.payload(frameTypes.data, 1, 3, large);
    writer.frame(frameTypes.window, 0, 3, 4, (bytes, at) => bytes.writeUInt32BE(5, at));
    await nextTick();
    expect(socket.calls).toEqual([3]);
    expect(socket.writes[1]).toBe(large);
    expect(Buffer.concat(socket.writes)).toEqual(Buffer.concat([ping(), data(3, large, 1), window(3, 5)]));
  });

  it("copies a payload below 8 KiB, which may change after that", async () => {
    const { socket, writer } = recorded();
    const small = Buffer.alloc(8 * 1024 - 1, 1);
    writer.payload(frameTypes.data, 0, 1, small);
    small.fill(2);
    await nextTick();
    expect(Buffer.concat(socket.writes)).toEqual(data(1, Buffer.alloc(8 * 1024 - 1, 1)));
  });

  it("writes at once when it is told to, and nothing twice", async () => {
    const { socket, writer } = recorded();
    writer.frame(frameTypes.ping, 0, 0, 8, eightBytes);
    writer.flush();
    expect(Buffer.concat(socket.writes)).toEqual(ping());
    await nextTick();
    expect(socket.calls).toEqual([1]);
  });

  it("counts what has not left this process", async () => {
    const { socket, writer } = recorded();
    socket.writableLength = 1_000;
    expect(writer.pendingBytes).toBe(1_000);
    writer.payload(frameTypes.data, 0, 1, Buffer.alloc(10));
    expect(writer.pendingBytes).toBe(1_020);
    writer.payload(frameTypes.data, 0, 1, Buffer.alloc(10_000));
    expect(writer.pendingBytes).toBe(11_030);
    await nextTick();
    expect(writer.pendingBytes).toBe(1_000);
  });

  it("writes nothing of a frame that cannot be filled", async () => {
    const { socket, writer } = recorded();
    const outOfRange = (bytes: Buffer, at: number) => void bytes.writeUInt32BE(-1, at);
    expect(() => writer.frame(frameTypes.window, 0, 1, 4, outOfRange)).toThrow(RangeError);
    writer.frame(frameTypes.ping, 0, 0, 8, eightBytes);
    await nextTick();
    expect(Buffer.concat(socket.writes)).toEqual(ping());
  });

  it("writes nothing to a socket that has ended", async () => {
    const { socket, writer } = recorded();
    writer.frame(frameTypes.ping, 0, 0, 8, eightBytes);
    socket.writable = false;
    await nextTick();
    expect(socket.writes).toEqual([]);
  });

  it("never writes over what was handed on, whoever shares its slabs", async () => {
    const random = new Random(1);
    const writers = Array.from({ length: 6 }, () => ({ ...recorded(), expected: [] as Buffer[] }));
    for (let tick = 0; tick < 400; tick++) {
      for (let frames = random.below(20); frames > 0; frames--) {
        const { writer, expected } = random.pick([
          writers[0],
          ...writers.slice(1),
        ] as never) as (typeof writers)[number];
        const payload = random.bytes(random.below(random.chance(0.9) ? 300 : 20_000));
        writer.payload(frameTypes.data, 0, 1, payload);
        expected.push(data(1, payload));
      }
      if (random.chance(0.5)) await nextTick();
    }
    await nextTick();
    for (const { socket, expected } of writers) {
      const written = Buffer.concat(socket.writes);
      expect(splitFrames(written).rest.length).toBe(0);
      expect(written.equals(Buffer.concat(expected))).toBe(true);
    }
  });

  it("holds frames of any size", async () => {
    const { socket, writer } = recorded();
    const fill = (bytes: Buffer, at: number) => void bytes.fill(7, at, at + 200_000);
    writer.frame(frameTypes.ping, 0, 0, 8, eightBytes);
    writer.frame(frameTypes.open, 0, 1, 200_000, fill);
    await nextTick();
    const { frames } = splitFrames(Buffer.concat(socket.writes));
    expect(frames.map(({ payload }) => payload.length)).toEqual([8, 200_000]);
    expect(frames[1]?.payload.equals(Buffer.alloc(200_000, 7))).toBe(true);
  });

  it("writes a lent message in one piece with its header, and gives its memory back when it has left", async () => {
    const { socket, writer } = recorded();
    const message = lend(50_000).fill(1);
    writer.frame(frameTypes.ping, 0, 0, 8, eightBytes);
    writer.payload(frameTypes.data, 0, 1, message);
    await nextTick();
    expect(socket.writes.map(({ length }) => length)).toEqual([18, 50_010]);
    expect(Buffer.concat(socket.writes)).toEqual(Buffer.concat([ping(), data(1, Buffer.alloc(50_000, 1))]));
    expect(lend(50_000).buffer).not.toBe(message.buffer);
    socket.sent[0]?.();
    expect(lend(50_000).buffer).toBe(message.buffer);
  });

  it("does not use the memory of a message again that could not be written", async () => {
    const { socket, writer } = recorded();
    const message = lend(50_000).fill(1);
    writer.payload(frameTypes.data, 0, 1, message);
    await nextTick();
    socket.sent[0]?.(new Error("broken"));
    expect(lend(50_000).buffer).not.toBe(message.buffer);
  });

  it("writes a part of a lent message like any other", async () => {
    const { socket, writer } = recorded();
    const message = lend(50_000).fill(1);
    writer.payload(frameTypes.data, 0, 1, message.subarray(0, 20_000));
    await nextTick();
    expect(Buffer.concat(socket.writes)).toEqual(data(1, Buffer.alloc(20_000, 1)));
    expect(socket.sent).toEqual([]);
  });

  it("copies a payload of 64 KiB and more, but not one for which there are no blocks", async () => {
    const { socket, writer } = recorded();
    const copied = Buffer.alloc(64 * 1024, 1);
    const referred = Buffer.alloc(2_000_000, 3);
    expect(writer.payload(frameTypes.data, 0, 1, copied)).toBe(true);
    expect(writer.payload(frameTypes.data, 0, 1, referred)).toBe(false);
    expect(writer.payload(frameTypes.data, 0, 1, lend(20_000).fill(4))).toBe(false);
    copied.fill(2);
    await nextTick();
    expect(socket.writes).toContain(referred);
    const frames = [Buffer.alloc(64 * 1024, 1), referred, Buffer.alloc(20_000, 4)].map((payload) => data(1, payload));
    expect(Buffer.concat(socket.writes).equals(Buffer.concat(frames))).toBe(true);
  });
});
