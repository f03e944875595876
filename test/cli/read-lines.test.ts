import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { readLines, readText } from "../../src/cli/calling/read-lines.js";
import { collect } from "../helpers/collect.js";

const chunks = (...texts: (string | Uint8Array)[]) => Readable.from(texts.map((text) => Buffer.from(text)));

describe("readLines()", () => {
  it("yields lines with their numbers, wherever the chunks end, and skips empty ones", async () => {
    const euro = Buffer.from("€");
    const input = chunks('{"a"', ":1}\n\n \n{", "}\r\n", euro.subarray(0, 1), euro.subarray(1), "\nlast");
    expect(await collect(readLines(input))).toEqual([
      { number: 1, text: '{"a":1}' },
      { number: 4, text: "{}\r" },
      { number: 5, text: "€" },
      { number: 6, text: "last" },
    ]);
    expect(await collect(readLines(chunks()))).toEqual([]);
    expect(await collect(readLines(chunks("a\n")))).toEqual([{ number: 1, text: "a" }]);
  });

  it("yields a line as soon as it is there", async () => {
    const input = new Readable({ read() {} });
    const lines = readLines(input);
    input.push("a\nb");
    expect(await lines.next()).toMatchObject({ value: { text: "a" } });
    input.push("\n");
    expect(await lines.next()).toMatchObject({ value: { text: "b" } });
    input.push(null);
    expect(await lines.next()).toMatchObject({ done: true });
  });

  it("refuses what is not UTF-8, also when it ends in the middle of a character", async () => {
    for (const input of [chunks("a\n", new Uint8Array([0xff])), chunks("a\n", new Uint8Array([0xe2, 0x82]))]) {
      const lines = readLines(input);
      expect(await lines.next()).toMatchObject({ value: { text: "a" } });
      await expect(lines.next()).rejects.toMatchObject({
        code: "ERR_INVALID_JSON",
        problem: "standard input is not UTF-8, at line 2 or after it",
      });
    }
  });

  it("takes an input that cannot be read for the mistake of a file", async () => {
    const broken = () =>
      new Readable({
        read() {
          this.destroy(Object.assign(new Error("EIO"), { code: "EIO", syscall: "read" }));
        },
      });
    for (const read of [() => collect(readLines(broken())), () => readText(broken())]) {
      await expect(read()).rejects.toMatchObject({
        code: "ERR_FILE_UNREADABLE",
        problem: "cannot read standard input: input/output error (EIO)",
      });
    }
  });
});
