import { describe, expect, it } from "vitest";
import { parseMetadata } from "../../src/cli/calling/metadata-option.js";
import { parseTimeout } from "../../src/cli/timeout.js";

describe("--timeout", () => {
  it("is a number with its unit", () => {
    const times = {
      "1ms": 1,
      "500ms": 500,
      "2s": 2_000,
      "1.5s": 1_500,
      "5m": 300_000,
      "1h": 3_600_000,
      "596h": 2_145_600_000,
    };
    for (const [text, ms] of Object.entries(times)) expect(parseTimeout(text), text).toBe(ms);
  });

  it("is nothing else", () => {
    for (const text of [
      "",
      "2",
      "s",
      "0s",
      "0.5ms",
      "-1s",
      "1 s",
      "1e3s",
      "597h",
      "99999999s",
      "2days",
      "∞s",
      "2s\n",
    ]) {
      expect(() => parseTimeout(text), text).toThrow(`--timeout ${JSON.stringify(text)} is not a time`);
    }
  });
});

describe("--metadata", () => {
  it("is KEY=VALUE, in order, as often as there are values; bytes are base64", () => {
    const metadata = parseMetadata(["trace=a=b", "key-bin=AAEC", "trace=", "KEY-bin=/w=="]);
    expect([...metadata]).toEqual([
      ["trace", "a=b"],
      ["trace", ""],
      ["key-bin", Buffer.from([0, 1, 2])],
      ["key-bin", Buffer.from([255])],
    ]);
  });

  it("says what is wrong, and does not repeat the value, which may be a secret", () => {
    for (const [word, message] of [
      ["trace", "--metadata has no key"],
      ["=x", "--metadata has no key"],
      ["key-bin=%secret%", "the value of --metadata key-bin is not base64"],
      ["key-bin=AAE", undefined],
      ["key-bin=AA=E", "the value of --metadata key-bin is not base64"],
      ["key-bin=AB==", "the value of --metadata key-bin is not base64"],
      ["grpc-timeout=1", 'metadata key "grpc-timeout" is reserved by gRPC or HTTP/2'],
      ["trace=\u001bsecret", 'metadata "trace" must be printable ASCII text'],
    ] as const) {
      const parse = () => parseMetadata([word]);
      if (message === undefined) expect(parse, word).not.toThrow();
      else expect(parse, word).toThrow(message);
      if (message !== undefined) expect(parse, word).not.toThrow(/secret/);
    }
  });
});
