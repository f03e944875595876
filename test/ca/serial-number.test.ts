import { describe, expect, it } from "vitest";
import { newSerialNumber, serialNumberOctets } from "../../src/ca/serial-number.js";

const octets = (hex: string) => () => Buffer.from(hex.padStart(32, "0"), "hex");

describe("newSerialNumber", () => {
  it("has 128 random bits", () => {
    const serials = Array.from({ length: 200 }, () => newSerialNumber(new Set()));
    expect(Math.max(...serials.map((serial) => serial.length))).toBe(32);
    expect(new Set(serials).size).toBe(200);
  });

  it("takes another one when a number was used, or is zero", () => {
    const answers = ["05", "00", "0007"].map((hex) => octets(hex));
    const serial = newSerialNumber(new Set(["05"]), (size) => answers.shift()?.() ?? Buffer.alloc(size));
    expect(serial).toBe("07");
  });

  it("gives up when the generator repeats itself", () => {
    expect(() => newSerialNumber(new Set(["05"]), octets("05"))).toThrow(
      expect.objectContaining({
        code: "ERR_INVALID_OPTION",
        problem: "the random generator returns serial numbers that were used before",
      }),
    );
  });
});

describe("serialNumberOctets", () => {
  it.each([
    ["07", "07"],
    ["7f", "7f"],
    ["80", "0080"],
    ["ff00", "00ff00"],
  ])("keeps %s positive", (serial, expected) => {
    expect(serialNumberOctets(serial).toString("hex")).toBe(expected);
  });
});
