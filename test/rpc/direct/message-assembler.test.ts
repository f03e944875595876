import { describe, expect, it } from "vitest";
import { MessageAssembler } from "../../../src/rpc/direct/message-assembler.js";

describe("MessageAssembler", () => {
  it("hands on a message that arrives whole without a copy", () => {
    const message = Buffer.from("whole");
    expect(new MessageAssembler().finish(message)).toBe(message);
  });

  it("puts parts of any sizes together", () => {
    const assembler = new MessageAssembler();
    const sizes = [1, 2_047, 2_048, 1, 20_000, 5, 16_384, 16_383, 1, 0, 3_000];
    const parts = sizes.map((size, index) => Buffer.alloc(size, index + 1));
    for (const part of parts) assembler.add(part);
    expect(assembler.bytes).toBe(sizes.reduce((sum, size) => sum + size));
    expect(assembler.finish(Buffer.from("end"))).toEqual(Buffer.concat([...parts, Buffer.from("end")]));
  });

  it("puts single bytes together, and holds no view for each", () => {
    const assembler = new MessageAssembler();
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 251));
    for (let at = 0; at < bytes.length - 1; at++) assembler.add(bytes.subarray(at, at + 1));
    const message = assembler.finish(bytes.subarray(-1));
    expect(message.equals(bytes)).toBe(true);
  });

  it("keeps small parts although their segment is used again", () => {
    const assembler = new MessageAssembler();
    const segment = Buffer.from("abc");
    assembler.add(segment);
    segment.fill("x");
    assembler.add(segment);
    expect(assembler.finish(Buffer.alloc(0)).toString()).toBe("abcxxx");
  });

  it("gives out messages that nothing is written to any more, though it uses its memory again", () => {
    const send = (fill: number, bytes: number) => {
      const assembler = new MessageAssembler();
      // The size of the blocks goes by the message before.
      assembler.add(Buffer.alloc(300_000));
      assembler.finish(Buffer.alloc(1));
      for (let at = 0; at < bytes; at += 50_000) assembler.add(Buffer.alloc(50_000, fill));
      return assembler.finish(Buffer.alloc(1, fill));
    };
    const sizes = [1_000_000, 250_000, 300_000, 50_000, 2_000_000];
    const messages = [1, 2, 3].flatMap((round) => sizes.map((bytes, i) => ({ bytes, fill: 10 * round + i })));
    const sent = messages.map(({ fill, bytes }) => send(fill, bytes));
    for (const [i, { fill, bytes }] of messages.entries()) {
      expect(sent[i]?.equals(Buffer.alloc(bytes + 1, fill)), `message ${i}`).toBe(true);
    }
  });

  it("starts anew after each message", () => {
    const assembler = new MessageAssembler();
    assembler.add(Buffer.from("first "));
    expect(assembler.finish(Buffer.from("message")).toString()).toBe("first message");
    expect(assembler.bytes).toBe(0);
    assembler.add(Buffer.alloc(3_000, 1));
    expect(assembler.finish(Buffer.from("z")).length).toBe(3_001);
    expect(assembler.finish(Buffer.alloc(0)).length).toBe(0);
  });
});
