import { describe, expect, it } from "vitest";
import { RetryBuffer } from "../../src/rpc/attempts/retry-buffer.js";
import { SentMessages } from "../../src/rpc/attempts/sent-messages.js";
import { DirectClientStream } from "../../src/rpc/direct/direct-client-stream.js";
import { blockOf, giveBack, headroomBytes, keep, lend } from "../../src/rpc/lent-block.js";

describe("a lent block", () => {
  it("has room for a header before the message", () => {
    const message = lend(100_000);
    const block = blockOf(message) as Buffer;
    expect(message).toHaveLength(100_000);
    expect(block.buffer).toBe(message.buffer);
    expect(message.byteOffset - block.byteOffset).toBe(headroomBytes);
  });

  it("is lent again once it was given back", () => {
    const message = lend(100_000);
    giveBack(blockOf(message) as Buffer);
    expect(lend(100_001).buffer).toBe(message.buffer);
  });

  it("is taken once", () => {
    const message = lend(100_000);
    expect(blockOf(message)).toBeDefined();
    expect(blockOf(message)).toBeUndefined();
  });

  it("is not given back when the message is kept", () => {
    const message = lend(100_000);
    keep(message);
    expect(blockOf(message)).toBeUndefined();
  });

  it("belongs to the whole message, not to a part of it", () => {
    const message = lend(100_000);
    expect(blockOf(message.subarray(0, 50_000))).toBeUndefined();
    expect(blockOf(new Uint8Array(100_000))).toBeUndefined();
  });

  it("is lent again for messages of several frames too, two at most of each size", () => {
    const messages = Array.from({ length: 3 }, () => lend(1_048_600));
    for (const message of messages) giveBack(blockOf(message) as Buffer);
    const before = new Set(messages.map(({ buffer }) => buffer));
    const again = Array.from({ length: 3 }, () => lend(1_100_000));
    expect(again.filter(({ buffer }) => before.has(buffer))).toHaveLength(2);
  });

  it("is memory of its own for the largest messages", () => {
    const message = lend(2_000_000);
    expect(message.buffer.byteLength).toBe(2_000_000);
    expect(blockOf(message)).toBeUndefined();
  });

  it("is held for a few messages only", () => {
    const messages = Array.from({ length: 40 }, () => lend(20_000));
    for (const message of messages) giveBack(blockOf(message) as Buffer);
    const before = new Set(messages.map(({ buffer }) => buffer));
    const again = Array.from({ length: 40 }, () => lend(20_000));
    expect(again.filter(({ buffer }) => before.has(buffer))).toHaveLength(8);
  });

  it("is kept by what may send the message again", () => {
    const message = lend(100_000);
    new SentMessages(new RetryBuffer({ retryBufferBytes: 1, channelRetryBufferBytes: 1 })).add(message, false);
    expect(blockOf(message)).toBeUndefined();
  });

  it("is kept by a call that the server may not have begun, and not when it has", () => {
    const limits = { streamWindowBytes: 1_000_000, maxMessageBytes: 1_000_000 };
    const link = { ours: limits, theirs: limits, sendWhole: () => true };
    const stream = new DirectClientStream(link as never, 1, {} as never);
    const first = lend(100_000);
    stream.write(first);
    expect(blockOf(first)).toBeUndefined();
    stream.onCredit();
    const second = lend(100_000);
    stream.write(second);
    expect(blockOf(second)).toBeDefined();
  });
});
