import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReplayWindow, SenderWindows } from "../../src/interceptors/replay-window.js";
import { decodeEnvelope, encodeEnvelope } from "../../src/rpc/envelope.js";

const seed = Number(process.env.PINWIRE_SEED ?? Date.now());

describe("a window of calls", () => {
  it("takes each once, also when some overtake others", () => {
    const window = new ReplayWindow();
    expect([3, 1, 2, 3, 1, 2_050, 2_049, 2_050].map((sequence) => window.accept(sequence))).toEqual([
      ...[true, true, true, false, false],
      ...[true, true, false],
    ]);
  });

  it("refuses what is too old to tell, though it may be new", () => {
    const window = new ReplayWindow();
    window.accept(5_000);
    expect(window.accept(5_000 - 2_047)).toBe(true);
    expect(window.accept(5_000 - 2_048)).toBe(false);
  });

  it(`takes no number twice, and every new one that is not too old (seed ${seed})`, () => {
    const numbers = fc.array(fc.oneof(fc.nat(6_000), fc.integer({ min: 0, max: 2 ** 48 - 1 })), { maxLength: 400 });
    fc.assert(
      fc.property(numbers, (sequences) => {
        const window = new ReplayWindow();
        const taken = new Set<number>();
        let latest = -1;
        for (const sequence of sequences) {
          const expected = !taken.has(sequence) && sequence > latest - 2_048;
          expect(window.accept(sequence)).toBe(expected);
          if (expected) taken.add(sequence);
          latest = Math.max(latest, sequence);
        }
      }),
      { seed, numRuns: 300 },
    );
  });
});

describe("the windows of an identity", () => {
  it("never take a call twice, however many channels were invented in between", () => {
    const windows = new SenderWindows();
    const calls = Array.from({ length: 2_000 }, (_, i) => ({
      sender: `sender ${i}`,
      issuedAt: 1_000 + i,
      sequence: 1,
    }));
    expect(calls.every((call) => windows.accept(call))).toBe(true);
    expect(windows.size).toBe(256);
    expect(calls.some((call) => windows.accept(call))).toBe(false);
    expect(windows.size).toBe(256);
  });

  it("take the next call of a channel that was forgotten", () => {
    const windows = new SenderWindows();
    windows.accept({ sender: "first", issuedAt: 1_000, sequence: 1 });
    for (let i = 0; i < 300; i++) windows.accept({ sender: `sender ${i}`, issuedAt: 2_000, sequence: 1 });
    expect(windows.accept({ sender: "first", issuedAt: 2_001, sequence: 2 })).toBe(true);
  });
});

describe("an envelope", () => {
  it("is read as it was written, and nothing else is one", () => {
    const envelope = { sender: "\0\u00ff345678", issuedAt: 1_795_294_800_000.25, sequence: 2 ** 48 - 1 };
    const bytes = encodeEnvelope(envelope);
    expect(decodeEnvelope(bytes)).toEqual(envelope);
    expect(decodeEnvelope(bytes.subarray(1))).toBeUndefined();
    expect(decodeEnvelope(Buffer.concat([bytes, Buffer.alloc(1)]))).toBeUndefined();
    bytes[0] = 2;
    expect(decodeEnvelope(bytes)).toBeUndefined();
  });

  it(`is read or refused, whatever the bytes (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const envelope = decodeEnvelope(bytes);
        if (envelope !== undefined) expect(bytes.length).toBe(23);
      }),
      { seed },
    );
  });
});
