import { appendFileSync, chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SerialLedger } from "../../src/ca/serial-ledger.js";
import { tempDirectory } from "../helpers/temp-directory.js";

it("reserves each number once and writes it down", async () => {
  const path = join(tempDirectory(), "serials");
  const ledger = new SerialLedger(path);
  const serials = [await ledger.reserve(), await ledger.reserve(), await ledger.reserve()];
  expect(readFileSync(path, "utf8")).toBe(`${serials.join("\n")}\n`);
});

it("reads on where others have written, also after a torn line", async () => {
  const path = join(tempDirectory(), "serials");
  const [ours, theirs] = [new SerialLedger(path), new SerialLedger(path)];
  const first = await ours.reserve();
  const second = await theirs.reserve();
  appendFileSync(path, "torn");
  const third = await ours.reserve();
  expect(readFileSync(path, "utf8")).toBe(`${first}\n${second}\n${third}\n`);
});

it("reserves nothing from a file that others can read", async () => {
  const path = join(tempDirectory(), "serials");
  writeFileSync(path, "ab\n");
  chmodSync(path, 0o644);
  await expect(new SerialLedger(path).reserve()).rejects.toMatchObject({ code: "ERR_FILE_NOT_PRIVATE" });
  expect(readFileSync(path, "utf8")).toBe("ab\n");
});
