import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { PinSet } from "../../src/identity/pin-set.js";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { SpkiPin } from "../../src/identity/spki-pin.js";
import { thrown } from "../helpers/thrown.js";

const cli = SpiffeId.parse("spiffe://local.test/cli");
const greeter = SpiffeId.parse("spiffe://local.test/greeter");
const [a, b, c] = ["a", "b", "c"].map((text) => SpkiPin.ofSpki(Buffer.from(text))) as [SpkiPin, SpkiPin, SpkiPin];
const good = {
  version: 1,
  peers: { [`${cli}`]: { current: `${a}` }, [`${greeter}`]: { current: `${b}`, next: `${c}` } },
};
const text = JSON.stringify(good, undefined, 2);

describe("PinSet", () => {
  test("says of each key whether its owner may present it", () => {
    const pins = PinSet.parse(text);
    expect(pins.size).toBe(2);
    expect([a, b, c].map((pin) => pins.check(cli, pin))).toEqual(["match", "mismatch", "mismatch"]);
    expect([a, b, c].map((pin) => pins.check(greeter, pin))).toEqual(["mismatch", "match", "match"]);
    expect(pins.check(SpiffeId.parse("spiffe://local.test/cli2"), a)).toBe("not-pinned");
    expect(pins.check(SpiffeId.parse("spiffe://local.test/__proto__"), a)).toBe("not-pinned");
  });

  test("that is empty accepts nobody", () => {
    expect(PinSet.parse('{"version":1,"peers":{}}').check(cli, a)).toBe("not-pinned");
    expect(PinSet.of([]).size).toBe(0);
  });

  test("there and back", () => {
    expect(JSON.parse(JSON.stringify(PinSet.parse(text)))).toEqual(good);
    expect(PinSet.parse(JSON.stringify(PinSet.parse(text))).ids()).toEqual([cli, greeter]);
  });

  test("is written in one order, however it was made", () => {
    const one = PinSet.of([]).with(greeter, { current: b }).with(cli, { current: a });
    const other = PinSet.of([]).with(cli, { current: a }).with(greeter, { current: b });
    expect(JSON.stringify(one)).toBe(JSON.stringify(other));
  });

  test("never changes; with and without make new ones", () => {
    const pins = PinSet.of([[cli, { current: a }]]);
    expect(pins.with(cli, { current: a, next: b }).check(cli, b)).toBe("match");
    expect(pins.without(cli).check(cli, a)).toBe("not-pinned");
    expect(pins.check(cli, b)).toBe("mismatch");
    expect(pins.check(cli, a)).toBe("match");
  });

  test("names an ID that is given twice", () => {
    const error = thrown(ConfigError, () =>
      PinSet.of([
        [cli, { current: a }],
        [cli, { current: b }],
      ]),
    );
    expect(error.code).toBe("ERR_INVALID_PIN");
    expect(error.problem).toBe("spiffe://local.test/cli is pinned twice");
  });
});

describe("PinSet.parse", () => {
  const twice = `{"version":1,"peers":{"${cli}":{"current":"${b}"},"${cli}":{"current":"${a}"}}}`;

  test.each([
    ["an empty file", "", "it is not JSON"],
    ["half a file", text.slice(0, -10), "it is not JSON"],
    ["something after it", `${text}x`, "it is not JSON"],
    ["an array", "[]", "it is not an object"],
    ["null", "null", "it is not an object"],
    ["no version", JSON.stringify({ peers: {} }), 'the field "version" is missing'],
    ["no peers", JSON.stringify({ version: 1 }), 'the field "peers" is missing'],
    ["another version", JSON.stringify({ ...good, version: 2 }), 'its version is "2", not 1'],
    ["a version in quotes", JSON.stringify({ ...good, version: "1" }), 'its version is "1", not 1'],
    ["an unknown field", JSON.stringify({ ...good, comment: "" }), 'unknown field "comment"'],
    ["peers in a list", JSON.stringify({ version: 1, peers: [] }), "peers is not an object"],
    [
      "a pin in place of an entry",
      JSON.stringify({ version: 1, peers: { [`${cli}`]: `${a}` } }),
      `"${cli}" is not an object`,
    ],
    [
      "an entry without a pin",
      JSON.stringify({ version: 1, peers: { [`${cli}`]: {} } }),
      'the field "current" is missing',
    ],
    [
      "an unknown field in an entry",
      JSON.stringify({ version: 1, peers: { [`${cli}`]: { current: `${a}`, previous: `${b}` } } }),
      'unknown field "previous"',
    ],
    ["a peer twice", twice, "a key occurs twice, or a string or number is written in an unusual way"],
    [
      "a peer twice, the second time with an escape",
      twice.replace(/cli/, "\\u0063li"),
      "a key occurs twice, or a string or number is written in an unusual way",
    ],
    [
      "a version twice",
      text.replace('"version": 1,', '"version": 2, "version": 1,'),
      "a key occurs twice, or a string or number is written in an unusual way",
    ],
  ])("refuses %s", (_, json, problem) => {
    const error = thrown(ConfigError, () => PinSet.parse(json, "certs/cli/pins.json"));
    expect(error.code).toBe("ERR_FILE_MALFORMED");
    expect(error.problem).toBe(`certs/cli/pins.json cannot be used: ${problem}`);
    expect(error.hint).toBe("write it anew with certs-tool pin DIR PEER_DIR");
  });

  test.each([
    ["an ID that is none", { "spiffe://Local.test/cli": { current: `${a}` } }, "ERR_INVALID_SPIFFE_ID"],
    ["a pin that is none", { [`${cli}`]: { current: "sha256/AAAA" } }, "ERR_INVALID_PIN"],
    ["a pin that is null", { [`${cli}`]: { current: null } }, "ERR_INVALID_PIN"],
    ["a next pin that is none", { [`${cli}`]: { current: `${a}`, next: "" } }, "ERR_INVALID_PIN"],
    ["a next pin that is null", { [`${cli}`]: { current: `${a}`, next: null } }, "ERR_INVALID_PIN"],
  ])("refuses %s", (_, peers, code) => {
    const error = thrown(ConfigError, () => PinSet.parse(JSON.stringify({ version: 1, peers })));
    expect(error.code).toBe(code);
  });

  test("a file that is not JSON is not quoted in the error: it may be the wrong file", () => {
    const error = thrown(ConfigError, () => PinSet.parse("-----BEGIN PRIVATE KEY-----"));
    expect(error.message).not.toContain("BEGIN");
    expect(error.cause).toBeUndefined();
  });

  test("any text gives a PinSet or a ConfigError", () => {
    const value = fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((peers) => JSON.stringify({ version: 1, peers })),
    );
    fc.assert(
      fc.property(value, (json) => {
        try {
          PinSet.parse(json);
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
