// The reader of policy files takes what JSON.parse takes, but for equal keys and deep nesting, and says where the rest fails.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonFault, type JsonNode, lineAndColumn, readJson } from "../../src/interceptors/policy-json.js";

const seed = Number(process.env.PINWIRE_SEED ?? Date.now());

describe("the reader of JSON", () => {
  it(`reads what JSON.stringify writes (PINWIRE_SEED=${seed})`, () => {
    const value = fc.jsonValue({ maxDepth: 5 });
    const property = fc.property(value, fc.constantFrom(0, 1, "\t"), (written, indent) => {
      const text = JSON.stringify(written, undefined, indent);
      expect(contentOf(readJson(text))).toEqual(JSON.parse(text));
    });
    fc.assert(property, { seed, numRuns: 1_000 });
  });

  it(`takes and refuses what JSON.parse does (PINWIRE_SEED=${seed})`, () => {
    const tokens = [
      '"a"',
      '"\\u00e9"',
      '"\\x"',
      '"\n"',
      '"',
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      " ",
      "\n",
      "1",
      "-0",
      "01",
      "1.5e3",
      "1.",
      "true",
      "null",
      "tru",
      "\u00a0",
      "/**/",
      "'a'",
    ];
    const broken = fc.array(fc.constantFrom(...tokens), { maxLength: 12 }).map((parts) => parts.join(""));
    const damaged = fc
      .tuple(fc.jsonValue({ maxDepth: 3 }), fc.nat(), fc.constantFrom("", ",", '"', "}", "]", "\\", "0", "x", "\u0000"))
      .map(([value, at, character]) => {
        const text = JSON.stringify(value);
        const place = at % (text.length + 1);
        return text.slice(0, place) + character + text.slice(place + 1);
      });
    const property = fc.property(fc.oneof(broken, damaged), (text) => {
      const expected = tryTo(() => JSON.parse(text));
      const actual = tryTo(() => contentOf(readJson(text)));
      // Equal keys are the one thing that JSON.parse takes and this reader does not.
      if (actual.error instanceof JsonFault && actual.error.message.endsWith("occurs twice")) return;
      expect("error" in actual, text).toBe("error" in expected);
      if ("error" in actual) expect(actual.error).toBeInstanceOf(JsonFault);
      else expect(actual.value).toEqual(expected.value);
    });
    fc.assert(property, { seed, numRuns: 5_000 });
  });

  it("counts lines and columns from 1", () => {
    const text = "{\n  x";
    expect(lineAndColumn(text, 0)).toEqual({ line: 1, column: 1 });
    expect(lineAndColumn(text, 1)).toEqual({ line: 1, column: 2 });
    expect(lineAndColumn(text, 4)).toEqual({ line: 2, column: 3 });
  });

  it("is not led astray by keys that JavaScript knows", () => {
    const node = readJson('{"__proto__": "x", "constructor": "y"}');
    expect(node.kind === "object" && [...node.members.keys()]).toEqual(["__proto__", "constructor"]);
  });
});

function tryTo(action: () => unknown): { value?: unknown; error?: unknown } {
  try {
    return { value: action() };
  } catch (error) {
    return { error };
  }
}

function contentOf(node: JsonNode): unknown {
  switch (node.kind) {
    case "object":
      return objectOf([...node.members].map(([key, { value }]) => [key, contentOf(value)]));
    case "list":
      return node.items.map(contentOf);
    case "text":
      return node.text;
    case "other":
      return JSON.parse(node.name);
  }
}

/** As JSON.parse does it: a field of its own, whatever its name. */
function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  const object = {};
  for (const [key, value] of entries) {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}
