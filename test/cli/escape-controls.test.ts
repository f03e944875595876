import { describe, expect, it } from "vitest";
import { escapeControls } from "../../src/escape-controls.js";

describe("escapeControls()", () => {
  it("shows what steers a terminal, turns the direction of writing, or is not seen", () => {
    expect(escapeControls("\u001b[31m\r\n\u0000\u007f\u009b")).toBe("\\u001b[31m\\u000d\\u000a\\u0000\\u007f\\u009b");
    expect(escapeControls("\u061c\u200e\u202e\u2028\u2066")).toBe("\\u061c\\u200e\\u202e\\u2028\\u2066");
    expect(escapeControls("a\ud800b\udfff \ud83d\ude00 \udc00")).toBe("a\\ud800b\\udfff 😀 \\udc00");
    expect(escapeControls("pass\u200bword\ufeff\u2060\u00ad\u{e0041}")).toBe(
      "pass\\u200bword\\ufeff\\u2060\\u00ad\\udb40\\udc41",
    );
  });

  it("leaves what people write", () => {
    for (const text of ["Grüße, 世界 👩‍👩‍👧", "می‌خواهم", "1 \u{e0100} 😀"]) expect(escapeControls(text)).toBe(text);
  });

  it("leaves JSON the same JSON", () => {
    for (let code = 0; code < 0xf_0000; code += code < 0x3000 ? 1 : 61) {
      const json = JSON.stringify({ text: String.fromCodePoint(code) });
      expect(JSON.parse(escapeControls(json))).toEqual(JSON.parse(json));
    }
  });
});
