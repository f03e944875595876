import fc from "fast-check";
import { expect, it } from "vitest";
import { StreamTable } from "../../../src/rpc/direct/stream-table.js";

const id = fc.oneof(
  fc.integer({ min: 0, max: 200 }).map((n) => 2 * n + 1),
  // Neighbours by chance: numbers whose slot is the same.
  fc.integer({ min: 0, max: 30 }).map((n) => 256 * n + 1),
  fc.constantFrom(4_294_967_295, 4_294_967_293),
);

it("a stream table holds what a Map holds, whatever comes and goes", () => {
  const steps = fc.array(fc.tuple(fc.constantFrom("set", "delete"), id), { minLength: 100, maxLength: 400 });
  fc.assert(
    fc.property(steps, (all) => {
      const table = new StreamTable<string>();
      const map = new Map<number, string>();
      for (const [step, number] of all) {
        if (step === "set") table.set(number, `stream ${number}`);
        else table.delete(number);
        if (step === "set") map.set(number, `stream ${number}`);
        else map.delete(number);
        expect(table.size).toBe(map.size);
        const lost = [...map].filter(([number, stream]) => table.get(number) !== stream);
        expect(lost).toEqual([]);
      }
      for (const [, number] of all) expect(table.get(number)).toBe(map.get(number));
      expect(table.get(0)).toBeUndefined();
      const inOrder = [...map].sort(([a], [b]) => a - b).map(([, stream]) => stream);
      expect(table.values()).toEqual(inOrder);
      table.clear();
      expect([table.size, table.values()]).toEqual([0, []]);
    }),
  );
});
