import { describe, expect, it } from "vitest";
import { mergePins } from "../../src/credentials/merge-pins.js";
import type { PinEntry } from "../../src/identity/pin-set.js";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { SpkiPin } from "../../src/identity/spki-pin.js";

const id = SpiffeId.parse("spiffe://local.test/greeter");
const pin = (name: string) => SpkiPin.ofSpki(Buffer.from(name));
const entry = (current: string, next?: string): PinEntry => {
  return next === undefined ? { current: pin(current) } : { current: pin(current), next: pin(next) };
};
const merge = (known: PinEntry | undefined, present: string[], force = false) => {
  return mergePins({ directory: "certs/cli", id, known, present: present.map(pin), force });
};

describe("mergePins", () => {
  it.each([
    ["a peer that is not known", undefined, ["a"], "added", entry("a")],
    ["a peer with two keys", undefined, ["a", "b"], "added", entry("a", "b")],
    ["the key that is pinned", entry("a"), ["a"], "unchanged", entry("a")],
    ["the next key, now in use", entry("a", "b"), ["b"], "unchanged", entry("a", "b")],
    ["both keys, in the other order", entry("a", "b"), ["b", "a"], "unchanged", entry("a", "b")],
    ["a second key", entry("a"), ["b"], "added-next", entry("a", "b")],
    ["the key that is pinned and a second one", entry("a"), ["a", "b"], "added-next", entry("a", "b")],
  ] as const)("%s", (_, known, present, outcome, expected) => {
    expect(merge(known, [...present])).toEqual({ outcome, entry: expected, dropped: [] });
  });

  it.each([
    [entry("a", "b"), ["c"]],
    [entry("a"), ["b", "c"]],
    [undefined, ["a", "b", "c"]],
  ] as const)("refuses a third key (case %#)", (known, present) => {
    expect(() => merge(known, [...present])).toThrow(
      expect.objectContaining({
        code: "ERR_FILE_EXISTS",
        problem: `${id} has a key that is not pinned in certs/cli, and there is no place beside the pins it has`,
        hint: expect.stringContaining("--force"),
      }),
    );
  });

  it.each([
    [entry("a", "b"), ["b"], "replaced", entry("b"), ["a"]],
    [entry("a", "b"), ["c"], "replaced", entry("c"), ["a", "b"]],
    [entry("a"), ["b", "c"], "replaced", entry("b", "c"), ["a"]],
    [entry("a"), ["a"], "unchanged", entry("a"), []],
    [undefined, ["a"], "added", entry("a"), []],
  ] as const)("with force pins the present keys alone and says what it dropped (case %#)", (...test) => {
    const [known, present, outcome, expected, dropped] = test;
    expect(merge(known, [...present], true)).toEqual({ outcome, entry: expected, dropped: dropped.map(pin) });
  });
});
