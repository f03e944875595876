import fc from "fast-check";
import { expect, it } from "vitest";
import { beginning } from "../../src/audit/audit-record.js";
import { parseRecord } from "../../src/audit/parse-record.js";
import { sealRecord } from "../helpers/seal-record.js";

const { line } = sealRecord(
  { type: "note", text: 'a "quoted" \u2028 text', n: 1.5 },
  "2026-01-31T12:00:00.000Z",
  beginning,
);

it("what was sealed is read, whatever a peer named itself", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.integer(), (text, number) => {
      const sealed = sealRecord({ type: "note", text, number }, "2026-01-31T12:00:00.000Z", beginning);
      expect(sealed.line).toMatch(/^[ -~]*$/);
      const record = parseRecord(sealed.line);
      expect(record).toMatchObject({ seq: 1, type: "note", hash: sealed.next.prev });
      expect(record?.text).toBe(text);
    }),
  );
});

it("a line with any change is no record, and nothing throws", () => {
  expect(parseRecord(line)).toMatchObject({ seq: 1, type: "note" });
  const change = fc.tuple(fc.nat(line.length), fc.nat(3), fc.string({ maxLength: 3 }));
  fc.assert(
    fc.property(change, ([at, length, text]) => {
      const changed = line.slice(0, at) + text + line.slice(at + length);
      if (changed !== line) expect(parseRecord(changed)).toBeUndefined();
    }),
  );
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void expect(parseRecord(text)).toBeUndefined()));
});
